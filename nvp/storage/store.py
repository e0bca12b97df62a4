"""Storage: a folder, local or in an object store, in which every file appears whole or not at all.

A local file is written under a temporary name, flushed to the disk and renamed. An object store has
no rename, but an object appears only when its write is closed.
"""

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from pyarrow.fs import FileSelector, FileSystem, FileType, LocalFileSystem

from nvp.storage.place import check_folder, read_place
from nvp.storage.unreachable import describe_unreachable, join_lines

CONNECTIONS = 16  # to an object store at a time: a small request is mostly waiting


class Storage:
    """Files by their path relative to a root, in a file system of pyarrow."""

    def __init__(
        self, filesystem: FileSystem, root: str, scheme: str = "", query: str = ""
    ) -> None:
        self.filesystem = filesystem
        self.root = root.rstrip("/")
        self.scheme, self.query = scheme, query

    @classmethod
    def at(cls, place: str) -> "Storage":
        """Return the storage at a local path or a URI such as s3://bucket/folder.

        Raises:
            ValueError: for a URI that no file system understands, or that has keys in it.
        """
        place = read_place(place)
        if "://" not in place:
            return cls(LocalFileSystem(), str(Path(place).absolute()))
        try:
            filesystem, root = FileSystem.from_uri(place + delayed_open_option(place))
        except (ValueError, OSError) as error:
            raise ValueError(
                f"--storage: expected a path or a URI, got {place!r}: {join_lines(error)}"
            ) from None
        parts = urlsplit(place)
        return cls(filesystem, root, parts.scheme, parts.query)

    @property
    def local(self) -> bool:
        """Whether the files are on a file system of this machine."""
        return isinstance(self.filesystem, LocalFileSystem)

    def below(self, *parts: str) -> "Storage":
        """Return the storage of a folder of this one."""
        root = "/".join([self.root, *parts])
        return type(self)(self.filesystem, root, self.scheme, self.query)

    @property
    def place(self) -> str:
        """The path or URI from which `at` makes this storage, in any process."""
        if self.local:
            return self.root
        return f"{self.scheme}://{self.root}{'?' if self.query else ''}{self.query}"

    def check(self) -> None:
        """Raise ValueError for a bucket that cannot be reached or a path that is no folder."""
        if self.local:
            check_folder(self.root)
            return
        bucket = self.root.split("/")[0]
        try:
            if self.filesystem.get_file_info(bucket).type == FileType.NotFound:
                raise OSError(f"NoSuchBucket: there is no bucket {bucket!r}")
            self.filesystem.get_file_info(FileSelector(self.root, allow_not_found=True))
        except OSError as error:
            raise ValueError(describe_unreachable(self.place, error)) from None

    def path(self, name: str) -> str:
        """Return the full path of a file."""
        return f"{self.root}/{name}"

    def files(self, folder: str = "") -> dict[str, int]:
        """Return {name: bytes} of all files below `folder`, except hidden (temporary) ones."""
        return {name: size for name, size in self.list_files(folder).items() if not is_hidden(name)}

    def list_files(self, folder: str = "", *, recursive: bool = True) -> dict[str, int]:
        """Return {name: bytes} of all files below `folder`, also of hidden ones."""
        root = self.path(folder).rstrip("/")
        selector = FileSelector(root, recursive=recursive, allow_not_found=True)
        start = len(self.root) + 1
        return {
            info.path[start:]: info.size
            for info in self.filesystem.get_file_info(selector)
            if info.type == FileType.File
        }

    def list_all(self, folders: list[str]) -> Iterator[dict[str, int]]:
        """Yield `list_files` of each folder; in an object store, several are listed at a time."""
        if self.local:
            yield from map(self.list_files, folders)
            return
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            yield from pool.map(self.list_files, folders)

    def exists(self, name: str) -> bool:
        """Whether there is a file of that name."""
        return self.filesystem.get_file_info(self.path(name)).type == FileType.File

    def read(self, name: str) -> bytes:
        """Return the content of a file."""
        with self.filesystem.open_input_stream(self.path(name)) as stream:
            return stream.read()

    def read_all(self, names: list[str]) -> Iterator[bytes | None]:
        """Yield the contents of files in order, None for one that is not there."""
        if self.local:
            yield from map(self.read_if_there, names)
            return
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            yield from pool.map(self.read_if_there, names)

    def read_if_there(self, name: str) -> bytes | None:
        """Return the content of a file, None when it is not there."""
        try:
            return self.read(name)
        except FileNotFoundError:
            return None

    def modified(self, name: str) -> float | None:
        """Return when a file was written, in seconds by the clock of the store."""
        time = self.filesystem.get_file_info(self.path(name)).mtime
        return None if time is None else time.timestamp()

    def check_writable(self) -> None:
        """Raise OSError when nothing can be written: tries it with a small file."""
        self.write("writable", b"")
        self.delete(["writable"])

    def write(self, name: str, content: bytes) -> None:
        """Write a file; a reader sees the old one or the whole new one."""
        if not self.local:
            with self.filesystem.open_output_stream(self.path(name)) as stream:
                stream.write(content)
            return
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        # the process number: two processes that write the same file do not share a temporary one
        # (`nvp.storage.leftovers` knows files by this name)
        temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
        try:
            with temporary.open("wb") as stream:
                stream.write(content)
                stream.flush()
                os.fsync(stream.fileno())  # before the rename: else a crash could leave it empty
            temporary.replace(target)
        except OSError:  # a full disk: what was written of it takes the room of others
            temporary.unlink(missing_ok=True)
            raise

    def delete(self, names: list[str]) -> None:
        """Delete files that may be gone already."""
        if self.local:
            for name in names:
                Path(self.path(name)).unlink(missing_ok=True)
            return
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            list(pool.map(self.delete_object, names))

    def delete_object(self, name: str) -> None:
        """Delete an object that may be gone already."""
        if self.exists(name):
            with suppress(FileNotFoundError):
                self.filesystem.delete_file(self.path(name))

    def delete_folder(self, name: str) -> None:
        """Delete a folder and all below it; it may be gone already."""
        if self.filesystem.get_file_info(self.path(name)).type == FileType.Directory:
            self.filesystem.delete_dir(self.path(name))


def is_hidden(name: str) -> bool:
    """Whether the last part of a file's name begins with a dot."""
    return name.rpartition("/")[2].startswith(".")


def delayed_open_option(place: str) -> str:
    """Return the suffix of an S3 URI that makes pyarrow put a small file in one request."""
    option = "allow_delayed_open=true"
    if not place.startswith("s3://") or "allow_delayed_open" in place:
        return ""
    return f"{'&' if '?' in place else '?'}{option}"
