"""What a start would mix or leave out, said before it runs a trial."""

from collections import Counter

from nvp.config.dotted_names import list_dotted
from nvp.config.trial_config import TrialConfig
from nvp.planning.narrowing import is_one_off
from nvp.planning.plan import Plan
from nvp.planning.unread_settings import describe_unread_base
from nvp.storage.index import Index
from nvp.storage.study_folder import read_study
from nvp.storage.writer import FINISHED
from nvp.study.start import Start
from nvp.trial.source_code.code_hash import hash_code, hash_trial_code


def print_place(start: Start, index: Index) -> bool:
    """Print what becomes of the study's plan, if anything does, and what of its base is not read.

    Args:
        start: whose plan is about to be written.
        index: the committed rows.

    Returns:
        whether the plan of the start is a one-off one.
    """
    study, plan = read_study(start.storage), start.plan
    if unread := describe_unread_base(start.design):
        print(unread, flush=True)
    planned = study.get("trials", {})
    if is_one_off(study, plan, start.arguments.search, start.narrowing):
        print(
            f"one-off: a plan of {len(plan.trials)} trials beside the study's {len(planned)}, "
            "which the analysis shows as before"
        )
        return True
    rows = [index.rows[name] for name in planned if name not in plan.trials and name in index.rows]
    if left := sum(row["status"] in FINISHED for row in rows):
        print(
            f"the plan leaves out {left} finished trials of the plan before; their rows stay, and "
            "nvp analyse --all shows them"
        )
    return False


def print_mixture(plan: Plan, index: Index, *, redo: bool) -> None:
    """Print how many finished trials of a plan are of other or of unknown code, if some are.

    Args:
        plan: the trials of the start.
        index: the committed rows.
        redo: whether those of other code run again.
    """
    configs = plan.parents | plan.trials
    codes: Counter[str | None] = Counter()
    for name in configs.keys() & index.rows.keys():
        if index.rows[name]["status"] in FINISHED:
            codes[name_code(index.rows[name].get("code"), configs[name])] += 1
    line = describe_mixture(codes, redo=redo)
    if line:
        print(line, flush=True)


def name_code(code: str | None, config: TrialConfig) -> str | None:
    """Return the code of a row; nvp's own where it is what would compute the trial here.

    The codes of trials that name a user's functions have their modules in them.
    """
    return hash_code() if list_dotted(config) and code == hash_trial_code(config) else code


def describe_mixture(codes: Counter[str | None], *, redo: bool) -> str:
    """Return in one line what finished trials are of other or unknown code; "" when none is.

    Args:
        codes: {hash of the code, None where it is unknown: finished trials}.
        redo: whether those of other code run again.
    """
    unknown = codes.get(None, 0)
    known = {code: count for code, count in codes.items() if code is not None}
    own = hash_code() if known else ""
    others = {code: count for code, count in known.items() if code != own}
    if not others and not unknown:
        return ""
    parts = []
    if others:
        named = ", ".join(f"{count} of {code}" for code, count in sorted(others.items()))
        parts.append(f"{sum(others.values())} by other code ({named})")
    if unknown:
        parts.append(f"{unknown} by unknown code")
    line = f"code: of {sum(codes.values())} finished trials, {' and '.join(parts)}"
    if not others:
        return f"{line}; these stay as they are"
    if redo:
        return f"{line}; those of other code run again, under {own}"
    return f"{line}; this is {own}: --redo-changed runs those of other code again, else they mix"
