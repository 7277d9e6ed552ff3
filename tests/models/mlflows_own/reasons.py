"""Which of MLflow's own tests end otherwise through the portal, and why.

Each is run all the same and must fail, so that a reason which no longer holds is noticed. Only what would start a
server or a container of its own is left out.
"""

from __future__ import annotations

LOCAL = "expects the server's files on the test's own disk"
OLDER = "MLflow 3.17 itself answers otherwise than the version of the test"
DIGITS = "gives one id where MLflow takes a list, which finds experiments of one digit alone"
POSTGRES = "MLflow 3.17 fails on this with PostgreSQL"
WORKSPACES = "MLflow refuses it for a server with workspaces"
PAGE_ONLY = "the portal does not pass on what only MLflow's playground uses"
SCORERS = "the portal keeps MLflow's scorers closed"
PROJECTS = "a project is changed and removed in the portal, not by MLflow's calls for workspaces"
OWN_FILES = "the portal makes a version from files of its project alone"
NO_DEFAULT = "behind the portal no workspace is named default"
GRAPHQL = "the portal passes on the six queries of MLflow's page, and no mutation"
GUARDED = "the stage Production stands for the guarded environment prod"
STARTS = "starts a server of its own, with settings of its own"

# Run, and expected to fail.
DIFFERENT: dict[str, str] = {
    # The portal answers otherwise on purpose.
    "test_create_promptlab_run_handler_returns_expected_results": PAGE_ONLY,
    "test_create_promptlab_run_handler_rejects_invalid_requests": PAGE_ONLY,
    "test_upload_artifact_handler": PAGE_ONLY,
    "test_upload_artifact_handler_rejects_invalid_requests": PAGE_ONLY,
    "test_graphql_handler": GRAPHQL,
    "test_graphql_handler_batching_raise_error": GRAPHQL,
    "test_search_runs_graphql": GRAPHQL,
    "test_search_datasets_graphql": GRAPHQL,
    "test_scorer_CRUD": SCORERS,
    "test_rest_workspace_crud": PROJECTS,
    "test_rest_model_registry_mutations_are_workspace_scoped": OWN_FILES,
    "test_rest_model_registry_defaults_to_default_workspace": OWN_FILES,
    "test_workspace_graphql_model_versions_respect_context": OWN_FILES,
    "test_rest_tracking_legacy_endpoints_respect_workspace_isolation": NO_DEFAULT,
    "test_rest_model_registry_legacy_endpoints_respect_workspace_isolation": NO_DEFAULT,
    "test_latest_models": GUARDED,
    # So it would without the portal.
    "test_create_get_search_experiment": WORKSPACES,
    "test_artifacts": LOCAL,
    "test_create_model_version_with_path_source": LOCAL,
    "test_create_model_version_with_non_local_source": LOCAL,
    "test_create_model_version_with_file_uri": LOCAL,
    "test_mlflow_artifacts_rest_apis": LOCAL,
    "test_log_artifact": LOCAL,
    "test_rest_get_model_version_artifact_api_proxied_artifact_root": LOCAL,
    "test_path_validation": OLDER,
    "test_get_metric_history_bulk_interval_respects_max_results": OLDER,
    "test_get_run_and_experiment_graphql": OLDER,
    "test_search_evaluation_datasets": DIGITS,
    "test_log_url_includes_workspace_segment": OLDER,
    "test_create_and_query_model_version_flow": OLDER,
    "test_get_model_version": OLDER,
    "test_update_model_version_flow": OLDER,
    "test_delete_model_version_flow": OLDER,
    "test_set_delete_model_version_tag_flow": OLDER,
    "test_set_model_version_tag_with_empty_string_as_value": OLDER,
    "test_set_delete_registered_model_alias_and_get_model_version_by_alias_flow": OLDER,
    "test_copy_model_version_flow": OLDER,
    "test_rest_artifact_operations_are_workspace_scoped": OLDER,
    "test_add_dataset_to_experiments_rest_tracking": POSTGRES,
    "test_add_multiple_experiments_at_once_rest_tracking": POSTGRES,
    "test_idempotent_add_experiments_rest_tracking": POSTGRES,
    "test_client_api_add_remove_experiments_rest_tracking": POSTGRES,
}

# Not run.
ELSEWHERE: dict[str, str] = {
    "test_create_model_version_with_validation_regex": STARTS,
    "test_gateway_proxy_handler_rejects_invalid_requests": STARTS,
    "test_get_metric_history_bulk_calls_optimized_impl_when_expected": "asks no server",
    "test_workspace_permission_resource_type_detection": "asks no server",
    "test_mlflow_artifacts_example": "runs containers from a checkout of MLflow",
}
