"""Addresses of a team's pages."""

from django.urls import path

from llmhub.teams.pages import budgets, invitations, keys, members, switching, teams, tokens

urlpatterns = [
    path("keys/", keys.keys_page, name="keys"),
    path("keys/create/", keys.keys_create, name="keys-create"),
    path("keys/<int:pk>/", keys.key_page, name="keys-edit"),
    path("keys/<int:pk>/rotate/", keys.keys_rotate, name="keys-rotate"),
    path("keys/<int:pk>/switch/", keys.keys_switch, name="keys-switch"),
    path("keys/<int:pk>/revoke/", keys.keys_revoke, name="keys-revoke"),
    path("keys/tokens/", tokens.tokens_page, name="tokens"),
    path("keys/tokens/create/", tokens.tokens_create, name="tokens-create"),
    path("keys/tokens/<int:pk>/revoke/", tokens.tokens_revoke, name="tokens-revoke"),
    path("team/", members.members_page, name="team"),
    path("team/add/", members.members_add, name="members-add"),
    path("team/members/<int:pk>/role/", members.members_role, name="members-role"),
    path("team/members/<int:pk>/remove/", members.members_remove, name="members-remove"),
    path(
        "team/invitations/<int:pk>/withdraw/",
        members.invitations_withdraw,
        name="invitations-withdraw",
    ),
    path("team/budgets/", budgets.budgets_page, name="budgets"),
    path("team/budgets/create/", budgets.budgets_create, name="budgets-create"),
    path("team/budgets/<int:pk>/", budgets.budget_page, name="budgets-edit"),
    path("team/budgets/<int:pk>/delete/", budgets.budgets_delete, name="budgets-delete"),
    path("team/settings/", teams.settings_page, name="team-settings"),
    path("team/changes/", teams.changes_page, name="team-changes"),
    path("team/switch/", switching.switch_team, name="switch-team"),
    path("team/new/", teams.team_new, name="team-new"),
    path("invitations/<str:token>/", invitations.invitation_page, name="invitation"),
]
