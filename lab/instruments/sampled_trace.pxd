from lab.instruments.sampler cimport sampler


cdef object trace_of(sampler *s, object names, object python)
