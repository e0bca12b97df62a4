"""The log of a trial: a file for each of its observations, until the trial is finished.

A loop may be killed at any time and goes on from a checkpoint of its own, which may be many epochs
old. So the log keeps every observation, and the tables are made of it.
"""

import re
from collections.abc import Iterator

from nvp.monitor.entry import Entry, decode_entry, encode_entry
from nvp.storage.sealed import seal_name
from nvp.storage.store import Storage
from nvp.trial.checkpoint_owner import read_own

FILE = re.compile(r"/\d+-[0-9a-f]{8}\.safetensors$")


class Log:
    """The observations of a trial that is not finished, in `observations/<trial_id>/`."""

    def __init__(self, storage: Storage, trial_id: str) -> None:
        self.storage, self.trial_id = storage, trial_id
        self.folder = f"observations/{trial_id}"

    def list_epochs(self) -> dict[str, int]:
        """Return {file: epoch}, the first epoch first."""
        names = [name for name in self.storage.files(self.folder) if FILE.search(name)]
        epochs = {name: int(name.rpartition("/")[2].partition("-")[0]) for name in names}
        return dict(sorted(epochs.items(), key=lambda item: item[1]))

    def read(self) -> Iterator[Entry]:
        """Yield the entries, the first one first; a damaged one is left out, with a warning."""
        for name in self.list_epochs():
            content = read_own(self.storage, name)
            if content is not None:
                yield decode_entry(content)

    def write(self, entry: Entry) -> None:
        """Write an entry; it is on the disk when this returns."""
        content = encode_entry(self.trial_id, entry)
        stem = f"{self.folder}/{entry.epoch:08d}"
        self.storage.write(seal_name(stem, "safetensors", content), content)

    def drop(self, epoch: int = 0) -> list[int]:
        """Delete the entries of an epoch and of all later ones; return their epochs.

        The last one goes first: a process that dies in between leaves the beginning of the log.
        """
        late = {name: found for name, found in self.list_epochs().items() if found >= epoch}
        for name in reversed(late):
            self.storage.delete([name])
        return sorted(set(late.values()))
