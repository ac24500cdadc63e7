"""What a JSON Schema finds wrong with a document, in our words: the place, what was found and what is wanted."""

import difflib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import jsonschema

# Found values are quoted up to here.
_LONGEST_VALUE = 60


@dataclass(frozen=True, kw_only=True, slots=True)
class SchemaError:
    """One error. `path` leads to the wrong value from the top of the document; `text` follows the name of a place."""

    path: tuple[str | int, ...]
    json_path: str
    text: str


def schema_errors(document: Any, schema: dict[str, Any]) -> Iterator[SchemaError]:
    """Every error of `document`, in no order."""
    for error in jsonschema.Draft202012Validator(schema).iter_errors(document):
        innermost = jsonschema.exceptions.best_match([error]) or error
        while innermost.context:
            # of several allowed forms, the one that got furthest is the one that was meant
            innermost = max(innermost.context, key=lambda inner: len(inner.absolute_path))
        yield SchemaError(path=_path(innermost), json_path=innermost.json_path, text=_complaint(innermost))


def _path(error: jsonschema.ValidationError) -> tuple[str | int, ...]:
    """Where it is; of a member that is not allowed, the member itself."""
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.schema, dict):
        return (*path, _surplus(error))
    return path


def _surplus(error: jsonschema.ValidationError) -> str:
    instance: Any = error.instance
    schema: Any = error.schema
    return next((str(name) for name in instance if name not in schema.get("properties", {})), "")


def _complaint(error: jsonschema.ValidationError) -> str:
    instance: Any = error.instance
    wanted: Any = error.validator_value
    found = json.dumps(instance, ensure_ascii=False)
    found = found if len(found) <= _LONGEST_VALUE else f"{found[: _LONGEST_VALUE - 3]}..."
    match error.validator:
        case "type":
            return f"is `{found}`, expected {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
        case "enum":
            allowed = [str(value) for value in wanted if value]
            return f"is `{found}`, expected one of {', '.join(allowed)}"
        case "required":
            missing = [name for name in wanted if name not in instance]
            return f"has no `{missing[0]}`, expected an object with it"
        case "minLength" | "minProperties":
            return f"is `{found}`, expected {wanted} or more"
        case "maxLength":
            return f"is `{found}`, expected at most {wanted} characters"
        case "maxItems" | "maxProperties":
            return f"has {len(instance)} entries, expected at most {wanted}"
        case "minimum" | "maximum":
            return f"is `{found}`, expected {'at least' if error.validator == 'minimum' else 'at most'} {wanted}"
        case "pattern":
            return f"is `{found}`, expected a name that matches `{wanted}`"
        case "additionalProperties":
            allowed = sorted(error.schema.get("properties", {})) if isinstance(error.schema, dict) else []
            near = difflib.get_close_matches(_surplus(error), allowed, n=1)
            return f"is not understood, expected {f'`{near[0]}`' if near else 'one of ' + ', '.join(allowed)}"
        case _:
            return f"is `{found}`, which the schema does not allow: {str(error.message)[:120]}"
