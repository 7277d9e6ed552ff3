from django.urls import path

from apps.accounts.views import oversight, own, people, providers, sign_in, teams

app_name = "accounts"
urlpatterns = [
    path("settings/", own.profile, name="profile"),
    path("settings/tokens/", own.tokens, name="tokens"),
    path("settings/tokens/<int:pk>/revoke/", own.revoke_token, name="revoke_token"),
    path("settings/people/", people.people, name="people"),
    path("settings/people/new/", people.new_person, name="new_person"),
    path("settings/people/<int:pk>/", people.person, name="person"),
    path("settings/people/<int:pk>/<slug:verb>/", people.act, name="act"),
    path("settings/service-accounts/", people.service_accounts, name="service_accounts"),
    path("settings/service-accounts/new/", people.new_service_account, name="new_service_account"),
    path("settings/service-accounts/<int:pk>/", people.service_account, name="service_account"),
    path("settings/teams/", teams.teams, name="teams"),
    path("settings/teams/new/", teams.new_team, name="new_team"),
    path("settings/team/<slug:slug>/", teams.team, name="team"),
    path("settings/team/<slug:slug>/rename/", teams.rename_team, name="rename_team"),
    path("settings/team/<slug:slug>/delete/", teams.delete_team, name="delete_team"),
    path(
        "settings/team/<slug:slug>/members/<int:user_id>/remove/",
        teams.remove_member,
        name="remove_member",
    ),
    path("settings/sign-in/", providers.providers, name="providers"),
    path("settings/sign-in/new/", providers.new_provider, name="new_provider"),
    path("settings/provider/<slug:slug>/", providers.provider, name="provider"),
    path("settings/provider/<slug:slug>/check/", providers.check_provider, name="check_provider"),
    path(
        "settings/provider/<slug:slug>/delete/", providers.delete_provider, name="delete_provider"
    ),
    path("settings/explain/", oversight.explain, name="explain"),
    path("settings/orphans/", oversight.orphans, name="orphans"),
    # These stand before django-allauth's own at the same addresses.
    path("accounts/oidc/<slug:provider_id>/login/", sign_in.to_provider),
    path("accounts/oidc/<slug:provider_id>/login/callback/", sign_in.from_provider),
    path("accounts/password/reset/", sign_in.password_reset),
    path("accounts/email/", sign_in.own_addresses),
]
