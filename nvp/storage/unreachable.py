"""Error messages for a storage that cannot be reached: the reason and a remedy."""

import errno
import re

FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS)  # of a disk that takes nothing any more
REMEDIES = {  # pattern in the error of a file system: what to do; the first match counts
    "NoSuchBucket|does not exist|404|NO_SUCH_BUCKET": "make the bucket, or correct its name",
    "InvalidAccessKeyId|SignatureDoesNotMatch|credentials|401|NoCredentials": (
        "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or AWS_PROFILE (s3), "
        "GOOGLE_APPLICATION_CREDENTIALS (gs)"
    ),
    "ACCESS_DENIED|AccessDenied|Access Denied|403|Forbidden": (
        "let these credentials list, read, write and delete there, or set others "
        "(AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; GOOGLE_APPLICATION_CREDENTIALS)"
    ),
    "": "check the network, the region (AWS_DEFAULT_REGION) and the endpoint (AWS_ENDPOINT_URL)",
}


def describe_unreachable(place: str, error: OSError) -> str:
    """Return the message for a storage that cannot be reached, with a remedy."""
    reason = join_lines(error)
    remedy = next(remedy for pattern, remedy in REMEDIES.items() if re.search(pattern, reason))
    return f"--storage: expected a place to read and write, got {place!r}: {reason}; {remedy}"


def join_lines(error: BaseException) -> str:
    """Return the text of an exception without line breaks."""
    return " ".join(str(error).split())
