from lab.instruments.sampler cimport sampler


cdef tuple lines_of(sampler *s, dict indices, double whole_ns)
