/* Which lines hold the GIL: time by stack and by place, in bounded memory.

   Nothing here includes Python.h. */

#ifndef GIL_LAB_LINES_H
#define GIL_LAB_LINES_H

#include <stdint.h>

#include "frames.h"

enum {
    NODES = 1 << 14,        /* of the tree of stacks */
    PLACES = 1 << 15,       /* instructions that held */
    IN_ONE_HOLD = 8,        /* places told apart within one hold: the first ones */
    NOWHERE = -1            /* no node, no place */
};

/* Of the time between two samples, what counts for the first and what for the second: all
   but what was not seen. And of either, that in which Python's threads ran, where no
   sample was lost. */
typedef struct {
    int64_t before_ns, after_ns, ran_before_ns, ran_after_ns;
} gap_parts;

/* A line, called from its parent; a thread, where there is none. What it holds itself,
   not what it calls. */
typedef struct {
    int32_t parent, code;   /* frame_place's, or NOWHERE: a thread */
    int64_t line;           /* or that thread's serial */
    int64_t held_ns, wanted_ns;
    int64_t ran_ns;         /* of held_ns, where threads ran */
} stack_node;

/* An instruction of the function on top of a stack. */
typedef struct {
    int32_t code, unit, line;   /* frame_place's */
    int32_t opcode;         /* in CPython's numbers; -1: could not be read */
    int64_t held_ns, ran_ns;
    int64_t wanted_ns;      /* others wanted the GIL meanwhile */
    int64_t longest_ns;     /* longest stretch of its line that began here */
} line_place;

/* What a sample found of who holds the GIL. */
typedef enum {
    NOT_HELD,
    READ,                   /* node and place are told */
    UNREAD,                 /* not consistently */
    NATIVE,                 /* it runs no Python */
    NO_ROOM,                /* for its node or place */
    FINDINGS
} finding;

typedef struct {
    int32_t place;
    int64_t held_ns;
} hold_part;

/* One hold of one thread, and where it spent most of it. */
typedef struct {
    int64_t serial;         /* 0: nobody's */
    int count;
    hold_part parts[IN_ONE_HOLD];
} hold;

typedef struct {
    frame_book *book;
    finding found, found_before;
    int32_t node, place, node_before, place_before;
    hold present, last;
    int32_t stretch;        /* the place at which the present line's stretch began */
    int64_t stretch_ns;     /* when that was */
    int32_t open;           /* the place that held most in the hold of the end */
    int64_t spent_ns[FINDINGS], ran_ns[FINDINGS];
    int32_t node_count, place_count;
    stack_node nodes[NODES];
    line_place places[PLACES];
    int32_t node_slots[2 * NODES], place_slots[2 * PLACES];  /* 1 more than the index */
} lines;

lines *lines_new(void);     /* or NULL */
void lines_free(lines *l);

/* Look where this thread state is, which holds the GIL now, or did a moment ago. */
void lines_look(lines *l, const gil_place *place, const gil_thread *thread);

/* Nobody is known to hold it, or somebody who is not known. */
void lines_skip(lines *l, int held);

/* Account for the time since the sample before; `serial`: who holds now, or 0; wanted:
   others wanted the GIL then, and now. */
void lines_account(lines *l, int64_t serial, int64_t at_ns, int64_t now_ns,
                   gap_parts gap, int wanted_before, int wanted);

/* The place that held most of this thread's present or last hold, or NOWHERE. */
int32_t lines_of_hold(const lines *l, int64_t serial);

/* Nothing more will be seen; this thread holds at the end, if that is not 0. */
void lines_end(lines *l, int64_t serial, int64_t end_ns);

#endif
