"""What every read of the API has in common: who may call, how long a page is, and that what is not yours is not there."""

from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from presswarden.identity.model import Forbidden, Permission
from presswarden.kernel.errors import NotFound
from presswarden.kernel.ids import SiteId, is_uuid4
from presswarden.surfaces.api.place import Caller
from presswarden.surfaces.cursors import LONGEST

MOST: Final = 200


class Nothing(BaseModel):
    """No parameters: one that is not known is refused, not passed over."""

    model_config = ConfigDict(extra="forbid")


class Paged(Nothing):
    limit: Annotated[int, Field(ge=1, le=MOST)] = 50
    cursor: Annotated[str | None, Field(max_length=LONGEST)] = None


def id_of(text: str) -> str:
    """Raises `NotFound` for what can't be an id of ours: nothing of that name is here."""
    if not is_uuid4(text):
        raise NotFound("There is nothing here.")
    return text


def require_sight(caller: Caller, permission: Permission, *sites: SiteId) -> None:
    """Raises `NotFound`: what is out of somebody's sight is as absent as what does not exist."""
    if not all(caller.may(permission, site) for site in sites):
        raise NotFound("There is nothing here.")


def require(caller: Caller, permission: Permission) -> None:
    """For what belongs to the whole organisation. Raises `Forbidden`."""
    if not caller.may(permission):
        raise Forbidden(f"This needs the permission «{permission}», which your role does not give.", do="Ask an owner of the organisation.")
