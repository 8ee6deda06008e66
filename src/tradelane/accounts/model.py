"""People, their organisations and roles, and what each role may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from tradelane.kit.errors import Problem, TradelaneError

ORGANISATION_KINDS = ("trader", "broker", "administration", "other")


class Role(StrEnum):
    """What somebody is here for. A person has one."""

    TRADER = "trader"
    BROKER = "broker"
    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    AUDITOR = "auditor"
    ANALYST = "analyst"
    REGULATOR = "regulator"
    ADMINISTRATOR = "administrator"


class Scope(StrEnum):
    """One thing that can be allowed."""

    DECLARATIONS_WRITE = "declarations:write"
    DECLARATIONS_READ = "declarations:read"
    EVENTS_READ = "events:read"
    CASES_READ = "cases:read"
    CASES_DECIDE = "cases:decide"
    OVERSIGHT_READ = "oversight:read"
    OVERSIGHT_SET = "oversight:set"
    MODELS_PROPOSE = "models:propose"
    MODELS_AGREE = "models:agree"
    RULES_PROPOSE = "rules:propose"
    RULES_AGREE = "rules:agree"
    AUDIT_READ = "audit:read"
    FIGURES_READ = "figures:read"
    CORPUS_PROPOSE = "corpus:propose"
    CORPUS_REVIEW = "corpus:review"
    SURVEYS_OPEN = "surveys:open"
    ACCOUNTS_MANAGE = "accounts:manage"


_FILER = frozenset({Scope.DECLARATIONS_WRITE, Scope.DECLARATIONS_READ, Scope.EVENTS_READ})

ROLE_SCOPES: Mapping[Role, frozenset[Scope]] = {
    Role.TRADER: _FILER,
    Role.BROKER: _FILER,
    Role.OFFICER: frozenset({Scope.CASES_READ, Scope.CASES_DECIDE}),
    Role.SUPERVISOR: frozenset(
        {
            Scope.CASES_READ,
            Scope.CASES_DECIDE,
            Scope.OVERSIGHT_READ,
            Scope.OVERSIGHT_SET,
            Scope.MODELS_AGREE,
            Scope.RULES_PROPOSE,
            Scope.RULES_AGREE,
            Scope.FIGURES_READ,
        }
    ),
    Role.AUDITOR: frozenset(
        {Scope.CASES_READ, Scope.AUDIT_READ, Scope.FIGURES_READ, Scope.OVERSIGHT_READ}
    ),
    Role.ANALYST: frozenset(
        {Scope.FIGURES_READ, Scope.MODELS_PROPOSE, Scope.RULES_PROPOSE, Scope.CORPUS_REVIEW}
    ),
    Role.REGULATOR: frozenset(
        {
            Scope.FIGURES_READ,
            Scope.AUDIT_READ,
            Scope.CORPUS_PROPOSE,
            Scope.CORPUS_REVIEW,
            Scope.SURVEYS_OPEN,
        }
    ),
    Role.ADMINISTRATOR: frozenset({Scope.ACCOUNTS_MANAGE}),
}
"""What each role may do. Whoever manages accounts decides no case, and the other way round."""

FILERS = frozenset({Role.TRADER, Role.BROKER})
"""The roles of those who file; all others sit with the administration."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Who is asking, and what they may do at this moment.

    ``declarants``: the identifiers that their organisation owns. ``office``: the office whose
    cases they see, "" for every office. ``session_id``: the public id of the session that they
    ask through (never its secret), ``token_id``: of the API token; one of the two is set.
    ``economy``: the one that a regulator's organisation speaks for, "" for none.

    >>> ana = Principal(1, "ana", "Ana", Role.TRADER, ROLE_SCOPES[Role.TRADER], 1,
    ...     frozenset({"D0077"}), "", "en", "s1", None)
    >>> ana.may(Scope.DECLARATIONS_WRITE), ana.may(Scope.CASES_READ), ana.owns("D0078")
    (True, False, False)
    """

    user_id: int
    login: str
    name: str
    role: Role
    scopes: frozenset[Scope]
    organisation_id: int | None
    declarants: frozenset[str]
    office: str
    locale: str
    session_id: str | None
    token_id: int | None
    economy: str = ""

    def may(self, scope: Scope) -> bool:
        """Whether this is allowed to them."""
        return scope in self.scopes

    def owns(self, declarant: str) -> bool:
        """Whether the declarant belongs to their organisation."""
        return declarant in self.declarants


@dataclass(frozen=True, slots=True)
class Organisation:
    """A firm or an administration, with the declarant identifiers that are its own.

    ``kind``: one of `ORGANISATION_KINDS`; ``economy``: the economy that it speaks for, "" for none.
    """

    id: int
    name: str
    kind: str
    declarants: tuple[str, ...]
    economy: str = ""


@dataclass(frozen=True, slots=True)
class User:
    """A person who can sign in. ``demo``: made for a demonstration, with a known password."""

    id: int
    login: str
    name: str
    role: Role
    organisation_id: int | None
    office: str
    locale: str
    disabled: bool
    has_second_factor: bool
    demo: bool


@dataclass(frozen=True, slots=True)
class ApiToken:
    """Leave for a program to ask in its owner's name. The secret itself is kept nowhere.

    ``prefix``: the secret's first characters, to recognise it by. Times are RFC 3339 stamps.
    """

    id: int
    user_id: int
    name: str
    scopes: frozenset[Scope]
    prefix: str
    created_at: str
    last_used_at: str | None
    expires_at: str
    revoked_at: str | None


@dataclass(frozen=True, slots=True)
class Session:
    """A browser that somebody signed in with. ``id`` is public; the secret is kept nowhere.

    ``csrf``: what every form of this session must carry. ``expires_at``: its end whatever happens;
    idleness ends it earlier. Times are RFC 3339 stamps.
    """

    id: str
    user_id: int
    created_at: str
    last_seen_at: str
    expires_at: str
    csrf: str
    second_factor_done: bool
    address: str


@dataclass(frozen=True, slots=True)
class SavedView:
    """A queue as somebody likes to see it: a name of theirs for a page's query string."""

    id: int
    user_id: int
    name: str
    query: str


# ---------------------------------------------------------------- signing in


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A session that may be used. ``secret`` goes into the cookie and is never seen again."""

    user: User
    session: Session
    principal: Principal
    secret: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class NeedsSecondFactor:
    """The password was right; the session has no principal before the second factor is given."""

    user: User
    session: Session
    secret: str = field(repr=False)


class FoundSession(NamedTuple):
    """A session that holds at this moment.

    ``principal`` is None while its second factor is missing. ``touch_due``: it was last written
    that it is in use more than a minute ago; call `touch_session` in a write.
    """

    session: Session
    principal: Principal | None
    touch_due: bool


class FoundToken(NamedTuple):
    """An API token that holds at this moment; ``touch_due`` as with sessions, once an hour."""

    token: ApiToken
    principal: Principal
    touch_due: bool


class Throttled(TradelaneError):
    """Too many attempts failed; ``seconds`` says how long to wait (for Retry-After)."""

    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        super().__init__(
            Problem(
                "accounts.throttled",
                "There were too many attempts that failed.",
                hint=f"Try again in {seconds} seconds.",
            )
        )

    def __reduce__(self) -> tuple[type[Throttled], tuple[int]]:  # type: ignore[override]
        return Throttled, (self.seconds,)


@dataclass(frozen=True, slots=True)
class NewPassword:
    """A password that was checked and hashed already, so that a transaction need not wait."""

    hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Credentials:
    """A user with what they prove themselves by. Never leaves this capability.

    ``totp_step``: the last time step whose code was used; -1 before the first.
    """

    user: User
    password_hash: str | None = field(repr=False)
    totp_secret: str | None = field(repr=False)
    totp_pending: str | None = field(repr=False)
    totp_step: int


@dataclass(frozen=True, slots=True)
class SecondFactorOffer:
    """What an authenticator app needs; nothing is asked for before it was confirmed."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)


# ---------------------------------------------------------------- an identity provider's word


@dataclass(frozen=True, slots=True)
class OidcPolicy:
    """What an OpenID provider's word is worth here.

    create_users: make an account for whoever the provider vouches for; otherwise only accounts
    that are here already can be used. link_existing: the first time, take the account whose login
    is the provider's verified e-mail address or user name. roles: value of the provider's claim to
    role; default_role: without such a value. follow_roles: change the role when the claim does.

    >>> policy = OidcPolicy(roles={"clerk": Role.OFFICER, "chief": Role.SUPERVISOR})
    >>> policy.role_of(["staff", "chief", "clerk"])
    <Role.OFFICER: 'officer'>
    """

    create_users: bool = False
    link_existing: bool = True
    roles: Mapping[str, Role] = field(default_factory=dict)
    default_role: Role | None = None
    follow_roles: bool = False

    def role_of(self, values: Iterable[str]) -> Role | None:
        """The role for the values of the claim: of several, the first in the mapping's order."""
        present = set(values)
        named = (role for value, role in self.roles.items() if value in present)
        return next(named, self.default_role)
