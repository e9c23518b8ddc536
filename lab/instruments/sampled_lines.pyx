"""Lines and stacks of a Trace, of what the sampler noted."""

from libc.stdint cimport int32_t, int64_t

from lab.instruments.sampler cimport (
    lines, sampler, line_place, stack_node, told_ns,
)
from lab.instruments.stacks cimport callee_of, name_of

from lab.instruments.callee import is_call
from lab.records.lines import Line, StackNode


# Of so many lines, those that held longest, the callee is looked up.
cdef enum:
    WITH_CALLEE = 100


cdef double _part(int64_t part_ns, int64_t of_ns) noexcept:
    return part_ns / <double>of_ns if of_ns else 0.0


cdef tuple lines_of(sampler *s, dict indices, double whole_ns):
    """Lines, the longest holders first; stacks; and the index of its line for each of
    the sampler's places. indices: of a thread in the trace, by its serial number."""
    cdef lines *seen = s.lines
    cdef line_place *one
    cdef stack_node *node
    cdef int32_t i
    cdef double held_ns
    held, wanted, longest, most = {}, {}, {}, {}
    of_nodes, of_places = {}, []
    for i in range(seen.node_count):
        if seen.nodes[i].parent >= 0:
            node = &seen.nodes[i]
            of_nodes[i] = name_of(seen.book, node.code, <int32_t>node.line)
            held.setdefault(of_nodes[i], 0)
    for i in range(seen.place_count):
        one = &seen.places[i]
        key = name_of(seen.book, one.code, one.line)
        of_places.append(key)
        held_ns = told_ns(s, one.held_ns, one.ran_ns)
        held[key] = held.get(key, 0) + held_ns
        wanted[key] = wanted.get(key, 0) + held_ns * _part(one.wanted_ns, one.held_ns)
        longest[key] = max(longest.get(key, 0), one.longest_ns)
        most[key] = max(most.get(key, (-1, -1)), (one.held_ns, i))
    ranked = sorted(held, key=held.__getitem__, reverse=True)
    places = {key: index for index, key in enumerate(ranked)}
    found = []
    for index, key in enumerate(ranked):
        callee = ""
        if index < WITH_CALLEE and key in most:
            one = &seen.places[most[key][1]]
            if is_call(one.opcode):
                callee = callee_of(seen.book, one.code, one.unit)
        found.append(
            Line(
                file=key[0],
                line=key[1],
                function=key[2],
                callee=callee,
                held=min(1.0, held[key] / whole_ns),
                longest_s=longest.get(key, 0) / 1e9,
                wanted=min(1.0, wanted.get(key, 0) / whole_ns),
            )
        )
    stacks, kept, threads = [], {}, {}
    for i in range(seen.node_count):
        node = &seen.nodes[i]
        if node.parent < 0:
            threads[i] = indices.get(node.line)
            continue
        threads[i] = threads[node.parent]
        if threads[i] is not None:
            kept[i] = len(stacks)
            held_ns = told_ns(s, node.held_ns, node.ran_ns)
            stacks.append(
                StackNode(
                    kept.get(node.parent),
                    threads[i],
                    places[of_nodes[i]],
                    min(1.0, held_ns / whole_ns),
                    min(
                        1.0,
                        held_ns * _part(node.wanted_ns, node.held_ns) / whole_ns,
                    ),
                )
            )
    return tuple(found), tuple(stacks), [places[key] for key in of_places]
