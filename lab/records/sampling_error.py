"""How far a share of sampled time may be off."""

import math

# So many changes tell how long a state lasts.
ENOUGH_CHANGES = 10


def half_width(
    *,
    share: float,
    samples: int,
    changes: int,
    change_ns2: float,
    seen_ns: float,
    ran_ns: float,
    ran_share: float,
    unseen_ns: float,
    unseen_ns2: float,
    frozen_ns2: float,
    longest_ns: float = math.inf,
) -> float:
    """Half width of the 95 % interval of a share of the time, sampled at random.

    Neighbouring samples are alike, so the share's own variance would mislead. Each
    gap whose two ends differ is uncertain by its length; `change_ns2` is half the
    sum of these squares (successive differences, the estimator for systematic
    samples): the full variance where samples are independent, and not much more
    than that of the edges where the state changes slowly. Two changes more than were
    seen keep an interval around 0 and 1 (3/n, roughly).

    `unseen_ns`, time in which threads ran while samples were lost, and its squares:
    it is taken to be like the seen time in which they ran, `ran_ns`, of which the
    state had `ran_share`. The longer a gap is compared with the time the state takes
    to forget itself (told from how often neighbours differ, where that was often
    enough, and no longer than `longest_ns`: after a call the next one does the same),
    the nearer it was to that; and the less was seen running, the less it says of the
    rest. Of few samples that agree, two more of each kind are supposed (Agresti,
    Coull). `frozen_ns2`: the squares of times in which nothing ran, next to something
    unseen.
    """
    if seen_ns <= 0 or samples <= 0:
        return 1.0
    pause_ns, whole_ns = seen_ns / samples, seen_ns + unseen_ns
    change_ns = math.sqrt(change_ns2 + 2 * pause_ns**2)
    sampled = change_ns / whole_ns
    memory_ns = longest_ns
    if changes >= ENOUGH_CHANGES:
        alike = 1 - changes / samples / (2 * _spread(share, samples))  # of neighbours
        kept = min(max(alike, 0.1), 1 - 1 / (samples + 1))
        memory_ns = min(pause_ns / -math.log(kept), longest_ns)
    lost = 0.0
    if unseen_ns > 0:
        least_ns = max(ran_ns, 1.0)
        sampled += unseen_ns / whole_ns * min(0.5, change_ns / least_ns)
        off_ns2 = min(unseen_ns2, 2 * memory_ns * unseen_ns)
        off_ns2 += unseen_ns**2 * min(1.0, 2 * memory_ns / least_ns)
        lost = _spread(ran_share, samples * ran_ns / seen_ns) * off_ns2 / whole_ns**2
    # A few long freezes are no normal deviate: the rarer state, once frozen in, is off
    # by nearly all of the freeze. So they count as far as they reach.
    reach_ns = max(share, 1 - share) * math.sqrt(frozen_ns2) if 0 < share < 1 else 0.0
    return min(1.0, 1.96 * math.hypot(sampled, math.sqrt(lost)) + reach_ns / whole_ns)


def _spread(share: float, samples: float) -> float:
    softened = (share * samples + 2) / (samples + 4)
    return softened * (1 - softened)
