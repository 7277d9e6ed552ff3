from __future__ import annotations

from typing import Any, cast

from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema, extend_schema_view
from rest_framework import mixins, status
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from apps.accounts import access, selectors, services
from apps.accounts.api import filters
from apps.accounts.api import serializers as shapes
from apps.accounts.models import ApiToken, ApiTokenQuerySet, Team, TeamMember, User
from apps.core.access import is_site_admin, require_site_admin
from apps.core.api.viewsets import M, PortalViewSet
from apps.core.errors import NotFound

CREATED, GONE = status.HTTP_201_CREATED, status.HTTP_204_NO_CONTENT


class AccountsViewSet(PortalViewSet[M]):
    """A viewset that knows which user model it serves."""

    @property
    def me(self) -> User:
        return cast(User, self.user)


@extend_schema(tags=["users"])
@extend_schema_view(
    list=extend_schema(summary="List users", responses=shapes.SeenUserSerializer(many=True)),
    retrieve=extend_schema(summary="Read a user", responses=shapes.SeenUserSerializer),
)
class UserViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, AccountsViewSet[User]):
    """People and service accounts: all for a site admin, else who shares a team or project.

    Address, last sign-in and the site admin's right are in the answer for site admins alone.
    """

    queryset = User.objects.none()
    filterset_class = filters.UserFilter

    def get_queryset(self) -> QuerySet[User]:
        return selectors.users(self.me)

    def get_serializer_class(self) -> type[shapes.UserSerializer]:
        return shapes.FullUserSerializer if is_site_admin(self.me) else shapes.UserSerializer

    @extend_schema(
        summary="Let somebody in",
        request=shapes.PersonDraftSerializer,
        responses={201: shapes.FullUserSerializer},
    )
    def create(self, request: Request) -> Response:
        """Make an account for a person. `password-link` then lets them set a password."""
        require_site_admin(self.me)
        draft = shapes.PersonDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        person = services.create_person(by=self.me, **draft.validated_data)
        return Response(self.get_serializer(person).data, status=CREATED)

    @extend_schema(
        summary="Correct name or address",
        request=shapes.PersonEditSerializer,
        responses=shapes.FullUserSerializer,
    )
    def partial_update(self, request: Request, pk: str) -> Response:
        """Change what is sent; the user name stays."""
        person = self._person(pk)
        self.check_unchanged(person)
        wanted = shapes.PersonEditSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        present = {"full_name": person.get_full_name(), "email": person.email}
        values = {**present, **wanted.validated_data}
        return self._answer(services.edit_person(person=person, by=self.me, **values))

    @extend_schema(summary="Deactivate a user", request=None, responses=shapes.FullUserSerializer)
    @action(detail=True, methods=["post"])
    def deactivate(self, request: Request, pk: str) -> Response:
        """End sign-in, sessions and tokens at once. What they did stays."""
        user = self._anybody(pk)
        services.deactivate(person=user, by=self.me)
        return self._answer(user)

    @extend_schema(summary="Let a user back in", request=None, responses=shapes.FullUserSerializer)
    @action(detail=True, methods=["post"])
    def reactivate(self, request: Request, pk: str) -> Response:
        """Their tokens stay ended; a person needs a new password link."""
        user = self._anybody(pk)
        services.reactivate(person=user, by=self.me)
        return self._answer(user)

    @extend_schema(
        summary="Make a password link",
        request=None,
        responses={201: shapes.PasswordLinkSerializer},
    )
    @action(detail=True, methods=["post"], url_path="password-link")
    def password_link(self, request: Request, pk: str) -> Response:
        """A link with which a person sets a password, once."""
        link = services.password_link(person=self._person(pk), by=self.me)
        return Response({"link": link}, status=CREATED)

    def _anybody(self, pk: str) -> User:
        require_site_admin(self.me)
        return access.user(self.me, int(pk))

    def _person(self, pk: str) -> User:
        require_site_admin(self.me)
        return access.person(self.me, int(pk))

    def _answer(self, user: User) -> Response:
        return Response(self.get_serializer(user).data)


@extend_schema(tags=["service-accounts"])
@extend_schema_view(
    list=extend_schema(summary="List service accounts"),
    retrieve=extend_schema(summary="Read a service account"),
)
class ServiceAccountViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, AccountsViewSet[User]
):
    """Accounts for machines: they have tokens and never a password."""

    serializer_class = shapes.UserSerializer
    queryset = User.objects.none()

    def get_queryset(self) -> QuerySet[User]:
        return selectors.service_accounts(self.me)

    @extend_schema(
        summary="Make a service account",
        request=shapes.ServiceAccountDraftSerializer,
        responses={201: shapes.UserSerializer},
    )
    def create(self, request: Request) -> Response:
        """Site admins make them; owners give them roles in their projects, and tokens."""
        require_site_admin(self.me)
        draft = shapes.ServiceAccountDraftSerializer(data=request.data)
        draft.is_valid(raise_exception=True)
        account = services.create_service_account(by=self.me, **draft.validated_data)
        return Response(self.get_serializer(account).data, status=CREATED)


@extend_schema(tags=["teams"])
@extend_schema_view(
    list=extend_schema(summary="List teams"), retrieve=extend_schema(summary="Read a team")
)
class TeamViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, AccountsViewSet[Team]):
    """Your teams; a site admin sees all and changes them."""

    serializer_class = shapes.TeamSerializer
    lookup_field = "slug"
    lookup_value_regex = "[-a-zA-Z0-9_]{1,60}"
    queryset = Team.objects.none()

    def get_queryset(self) -> QuerySet[Team]:
        return selectors.teams(self.me)

    @extend_schema(
        summary="Found a team",
        request=shapes.TeamDraftSerializer,
        responses={201: shapes.TeamSerializer},
    )
    def create(self, request: Request) -> Response:
        """Its slug is made from the name and stays."""
        require_site_admin(self.me)
        team = services.create_team(name=self._name(request), by=self.me)
        return self._answer(team, CREATED)

    @extend_schema(
        summary="Rename a team", request=shapes.TeamDraftSerializer, responses=shapes.TeamSerializer
    )
    def partial_update(self, request: Request, slug: str) -> Response:
        """The slug stays."""
        team = self._mine(slug)
        self.check_unchanged(team)
        return self._answer(services.rename_team(team=team, name=self._name(request), by=self.me))

    @extend_schema(summary="Delete a team", responses={204: None})
    def destroy(self, request: Request, slug: str) -> Response:
        """What its members hold through it ends."""
        team = self._mine(slug)
        self.check_unchanged(team)
        services.delete_team(team=team, by=self.me)
        return Response(status=GONE)

    def _mine(self, slug: str) -> Team:
        require_site_admin(self.me)
        return access.team(self.me, slug)

    def _name(self, request: Request) -> str:
        wanted = shapes.TeamDraftSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        return str(wanted.validated_data["name"])

    def _answer(self, team: Team, code: int = status.HTTP_200_OK) -> Response:
        shown = selectors.teams(self.me).get(pk=team.pk)
        return Response(self.get_serializer(shown).data, status=code)


@extend_schema(tags=["teams"])
@extend_schema_view(
    list=extend_schema(summary="List a team's members"),
    retrieve=extend_schema(summary="Read a membership"),
)
class TeamMemberViewSet(
    mixins.ListModelMixin, mixins.RetrieveModelMixin, AccountsViewSet[TeamMember]
):
    """Who is in a team you may see."""

    serializer_class = shapes.TeamMemberSerializer
    lookup_field = "user_id"
    queryset = TeamMember.objects.none()

    def get_queryset(self) -> QuerySet[TeamMember]:
        rows = selectors.memberships_seen(self.me)
        slug = self.kwargs.get("team_slug", "")
        return rows.filter(team__slug=slug).select_related("user", "provider")

    def list(self, request: Request, *args: str, **kwargs: str) -> Response:
        access.team(self.me, kwargs["team_slug"])
        return super().list(request)

    @extend_schema(
        summary="Add a member",
        request=shapes.NewMemberSerializer,
        responses={201: shapes.TeamMemberSerializer},
    )
    def create(self, request: Request, team_slug: str) -> Response:
        """Put somebody into the team; twice is once."""
        team = self._mine(team_slug)
        wanted = shapes.NewMemberSerializer(data=request.data)
        wanted.is_valid(raise_exception=True)
        user = selectors.user_signing_in(wanted.validated_data["user"])
        if user is None:
            raise NotFound(what="user")
        services.add_member(team=team, user=user, by=self.me)
        return Response(self.get_serializer(access.member(team, user.pk)).data, status=CREATED)

    @extend_schema(summary="Remove a member", responses={204: None})
    def destroy(self, request: Request, team_slug: str, user_id: str) -> Response:
        """Take somebody out. Whom a provider put there, only its groups take out."""
        member = access.member(self._mine(team_slug), int(user_id))
        self.check_unchanged(member)
        services.remove_member(member=member, by=self.me)
        return Response(status=GONE)

    def _mine(self, slug: str) -> Team:
        require_site_admin(self.me)
        return access.team(self.me, slug)


@extend_schema(tags=["tokens"])
@extend_schema_view(
    list=extend_schema(summary="List your tokens"), retrieve=extend_schema(summary="Read a token")
)
class TokenViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, AccountsViewSet[ApiToken]):
    """Your own tokens, without their texts. A narrowed token sees no other than itself."""

    serializer_class = shapes.TokenSerializer
    queryset = ApiToken.objects.none()

    def get_queryset(self) -> ApiTokenQuerySet:
        mine = selectors.own_tokens(self.me)
        return mine.select_related("user")

    @extend_schema(
        summary="Make a token",
        request=shapes.TokenDraftSerializer,
        responses={201: shapes.MadeTokenSerializer},
    )
    def create(self, request: Request) -> Response:
        """The text is in this answer and never again. A token hands on no more than it has."""
        draft = shapes.TokenDraftSerializer(data=request.data, context={"request": request})
        draft.is_valid(raise_exception=True)
        wanted: dict[str, Any] = draft.validated_data
        token, text = services.create_token(
            user=self._holder(wanted.get("user")),
            name=wanted["name"],
            by=self.me,
            role=wanted["role"],
            project_ids=wanted.get("projects"),
            expires_at=wanted.get("expires_at"),
        )
        shown = shapes.MadeTokenSerializer(token, context={"text": text})
        return Response(shown.data, status=CREATED)

    @extend_schema(summary="Revoke a token", responses={204: None})
    def destroy(self, request: Request, pk: str) -> Response:
        """End a token for good: your own, or one of a service account within your projects."""
        token = access.token(self.me, int(pk))
        self.check_unchanged(token)
        services.revoke_token(token=token, by=self.me)
        return Response(status=GONE)

    def _holder(self, username: str | None) -> User:
        if username is None or username == self.me.username:
            return self.me
        account = selectors.service_accounts(self.me).filter(username=username).first()
        if account is None:
            raise NotFound(what="service account")
        return account
