/* What the time between two samples tells of. See sampler.h. Nothing here includes
   Python.h. */

#include "sampler.h"

/* A gap is too long, or begins or ends where the scope is opened or closed: that time is
   chosen by the program, not at random. While no thread ran, none took or released the
   lock, and what the ends show holds throughout; of the rest nothing is known. */
static void
miss(sampler *s, int64_t gap_ns, int64_t ran_ns)
{
    s->gaps.unseen_ns += ran_ns;
    s->gaps.unseen_ns2 += (double)ran_ns * (double)ran_ns;
    if (ran_ns > 0) {
        /* It ran and stopped, and may have stopped in the other state. */
        double frozen_ns = (double)(gap_ns - ran_ns);
        s->gaps.frozen_ns2 += frozen_ns * frozen_ns;
        s->gaps.frozen_ns += gap_ns - ran_ns;
    }
}

gap_parts
parts_of_gap(sampler *s, int64_t now_ns, int held, threads_do now, int edge)
{
    int64_t gap_ns = now_ns - s->last_ns, seen_ns = gap_ns, frozen_ns = 0;
    int64_t ran_ns = s->ran_ns < gap_ns ? s->ran_ns : gap_ns;
    threads_do before = s->did;
    gap_parts gap = {0, 0, 0, 0};
    s->did = now;
    if (s->late || edge) {
        miss(s, gap_ns, ran_ns);
        seen_ns -= ran_ns;
        s->gaps.edge_ns += edge ? ran_ns : 0;
    } else if (s->stopped_ns > 0 || gap_ns - s->asleep_ns > late_beyond_ns(s)) {
        /* stopped awake */
        s->gaps.edge_ns += ran_ns;
        s->gaps.frozen_ns += gap_ns - ran_ns;
    } else {
        s->gaps.prompt++;
        s->gaps.prompt_ns += gap_ns;
        s->gaps.prompt_ran_ns += ran_ns;
        if (held != (s->whole.state == HOLDS)) {
            s->gaps.prompt_changes++;
            s->gaps.prompt_change_ns2 += 0.5 * (double)gap_ns * (double)gap_ns;
        }
        gap.ran_before_ns = gap.ran_after_ns = ran_ns / 2;
        if ((before == LACK_CORE && now == RUN) || (before == RUN && now == LACK_CORE)) {
            /* They stood still next to the sample that shows it, and in its state. */
            frozen_ns = gap_ns - ran_ns;
        }
    }
    gap.before_ns = (seen_ns - frozen_ns) / 2;
    gap.after_ns = seen_ns - frozen_ns - gap.before_ns;
    *(now == RUN ? &gap.before_ns : &gap.after_ns) += frozen_ns;
    return gap;
}
