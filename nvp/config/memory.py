"""Whether an exception says that memory ran out: its trial may end well when it runs alone."""

SIGNS = (  # of errors that have no type of their own: of libraries on a GPU, of torch on a CPU
    "CUDA error: out of memory",
    "CUBLAS_STATUS_ALLOC_FAILED",
    "CUDNN_STATUS_ALLOC_FAILED",
    "can't allocate memory",
    "not enough memory",
)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether memory ran out, on the CPU or on a GPU.

    torch's own exception is known by its name, so that nothing has to import torch.
    """
    names = {kind.__name__ for kind in type(error).__mro__}
    if names & {"MemoryError", "OutOfMemoryError"}:
        return True
    return isinstance(error, RuntimeError) and any(sign in str(error) for sign in SIGNS)
