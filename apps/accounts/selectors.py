from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass
from datetime import timedelta
from functools import reduce
from operator import or_

from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.utils import timezone

from apps.accounts import explain, places
from apps.accounts.explain import Reason
from apps.accounts.models import (
    ApiToken,
    ApiTokenQuerySet,
    IdentityProvider,
    Team,
    TeamMember,
    User,
)
from apps.core import access
from apps.core.access import Person, Role


@dataclass(frozen=True, slots=True)
class Explanation:
    """Somebody's role in one project and where it comes from."""

    person: User
    role: Role | None
    reasons: list[Reason]
    tokens: list[tuple[ApiToken, Role | None]]


PREFIX = "sbx"
USED_STEP = timedelta(minutes=1)
# What secret scanners look for, too; docs/operations/people.md names it.
TOKEN = re.compile(r"sbx_(?P<key>[0-9a-f]{16})_(?P<secret>[A-Za-z0-9_-]{43})")


def digest_of(secret: str) -> str:
    """What is stored of a token's secret; it has 256 random bits, so no slow hash is needed."""
    return hashlib.sha256(secret.encode()).hexdigest()


def user_of_token(value: str) -> tuple[User, ApiToken] | None:
    """The user a token stands for, narrowed by it; `None` for one that is no good any more."""
    if (parts := TOKEN.fullmatch(value)) is None:
        return None
    token = ApiToken.objects.usable().select_related("user").filter(key=parts["key"]).first()
    if token is None or not hmac.compare_digest(token.digest, digest_of(parts["secret"])):
        return None
    _note_use(token)
    user = token.user
    user.limits = token.limits
    return user, token


def _note_use(token: ApiToken) -> None:
    """Remember the use, at most once a minute: a busy client must not write at every call."""
    now = timezone.now()
    if token.last_used_at is not None and token.last_used_at > now - USED_STEP:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - USED_STEP)
    ApiToken.objects.filter(stale, pk=token.pk).update(last_used_at=now)


def users(viewer: Person) -> QuerySet[User]:
    """Everybody for a site admin; for others themselves, their teams and who shares a project."""
    if access.is_site_admin(viewer):
        return User.objects.all()
    teams = TeamMember.objects.filter(user_id=viewer.pk or 0).values("team_id")
    near = Q(pk=viewer.pk or 0) | Q(pk__in=places.colleague_ids(viewer))
    if getattr(viewer, "limits", None) is None:
        near |= Q(memberships__team__in=teams)
    return User.objects.filter(Q(pk__in=User.objects.filter(near).values("pk")))


def people(viewer: Person) -> QuerySet[User]:
    """The persons among them."""
    return users(viewer).filter(kind=User.Kind.PERSON)


def service_accounts(viewer: Person) -> QuerySet[User]:
    """The machines among them."""
    return users(viewer).filter(kind=User.Kind.SERVICE)


def found(rows: QuerySet[User], words: str, *, viewer: Person) -> QuerySet[User]:
    """Those whose name holds every word; a site admin finds by address, too."""
    columns = ["username", "first_name", "last_name"]
    columns += ["email"] if access.is_site_admin(viewer) else []
    for word in words.replace("\x00", "").split()[:5]:
        rows = rows.filter(reduce(or_, (Q(**{f"{name}__icontains": word}) for name in columns)))
    return rows


def teams(viewer: Person) -> QuerySet[Team]:
    """Every team for a site admin; for others their own, with the number of members."""
    counted = Team.objects.annotate(size=Count("memberships"))
    if access.is_site_admin(viewer):
        return counted
    own = TeamMember.objects.filter(user_id=viewer.pk or 0).values("team_id")
    return counted.filter(pk__in=own)


def memberships(team: Team) -> QuerySet[TeamMember]:
    """Who is in the team, by user name."""
    return team.memberships.select_related("user", "provider").order_by("user__username")


def tokens_of(user: User, viewer: Person) -> QuerySet[ApiToken]:
    """The tokens of one user that the viewer may end, newest first."""
    rows = ApiToken.objects.filter(user=user).select_related("created_by")
    if access.is_site_admin(viewer) or viewer.pk == user.pk:
        return rows
    owned = list(access.project_ids(viewer, Role.OWNER))
    return rows.filter(project_ids__contained_by=owned)


def may_make_tokens_for(account: User, viewer: Person) -> bool:
    """Whether the viewer may make tokens for a service account, at least in some project."""
    if access.is_site_admin(viewer):
        return True
    return access.project_ids(viewer, Role.OWNER).exists()


def factor_count(user: User) -> int:
    """How many second factors somebody has, recovery codes aside."""
    kinds = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)
    count: int = Authenticator.objects.filter(user=user, type__in=kinds).count()
    return count


def linked_providers(user: User) -> Iterable[IdentityProvider]:
    """The issuers somebody signs in with."""
    slugs = SocialAccount.objects.filter(user=user).values_list("provider", flat=True)
    return IdentityProvider.objects.filter(slug__in=list(slugs))


def providers() -> QuerySet[IdentityProvider]:
    """Every issuer with the number of people who sign in through it."""
    links = SocialAccount.objects.filter(provider=OuterRef("slug")).order_by().values("provider")
    counted = links.annotate(people=Count("pk")).values("people")
    return IdentityProvider.objects.annotate(people=Coalesce(Subquery(counted), 0))


def leavers() -> QuerySet[User]:
    """People and machines that were deactivated, by name."""
    return User.objects.filter(is_active=False).order_by("username")


def explanation(person: User, project_id: int) -> Explanation:
    """Everything that leads to somebody's role in a project, and what their tokens make of it."""
    role = access.role(person, project_id)
    reasons = explain.reasons(person, project_id)
    if person.is_superuser:
        reasons.insert(0, Reason("They are a site admin.", Role.OWNER))
    if not person.is_active:
        reasons.insert(0, Reason("They are deactivated, which takes every right away."))
    tokens = ApiToken.objects.usable().filter(user=person).order_by("-pk")[:50]
    capped = [(token, _role_with(person, token, project_id)) for token in tokens]
    return Explanation(person=person, role=role, reasons=reasons, tokens=capped)


def _role_with(person: User, token: ApiToken, project_id: int) -> Role | None:
    holder = copy(person)
    holder.limits = token.limits
    return access.role(holder, project_id)


def person_matching(email: str) -> User | None:
    """Whom a provider may open by a verified address alone: active, a person, and no site admin."""
    matching = User.objects.filter(email__iexact=email, kind=User.Kind.PERSON)
    return matching.filter(is_active=True, is_superuser=False).first()


def address_known(email: str) -> bool:
    """Whether some account has this mail address."""
    return User.objects.filter(email__iexact=email).exists()


def user_signing_in(login: str) -> User | None:
    """Whom somebody means who types this name or address."""
    return (
        User.objects.filter(username__iexact=login).first()
        or User.objects.filter(email__iexact=login).exclude(email="").first()
    )


def memberships_seen(viewer: Person) -> QuerySet[TeamMember]:
    """The members of every team that the viewer may see."""
    return TeamMember.objects.filter(team__in=teams(viewer).values("pk"))


def own_tokens(user: User) -> ApiTokenQuerySet:
    """One's own tokens, as far as the token in use lets one see them."""
    return ApiToken.objects.visible_to(user).filter(user=user)


def outside(team: Team) -> QuerySet[User]:
    """Who is active and not yet in the team."""
    return User.objects.filter(is_active=True).exclude(memberships__team=team)


def team_slugs() -> set[str]:
    """The slugs of all teams."""
    return set(Team.objects.values_list("slug", flat=True))
