"""The tables of an empty database, made at once.

Django renders its models anew at each of some six hundred operations: half a minute for a database that holds nothing
yet. On an empty one only where they lead counts, so each table is made as it is today, and the migrations are noted as
applied. Whatever changes rows has none to change. What a migration makes beside tables (a trigger, a function, a
storage setting) is a `RunSQL` without `elidable`, which is Django's mark for what only older rows need.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations import Migration, operations
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.recorder import MigrationRecorder
from django.db.migrations.state import ProjectState

# What `ProjectState` carries, so that the models of the last state have it.
IN_THE_STATE = (
    operations.AddConstraint, operations.AddField, operations.AddIndex, operations.AlterField,
    operations.AlterModelManagers, operations.AlterModelOptions, operations.AlterModelTable,
    operations.AlterOrderWithRespectTo, operations.AlterUniqueTogether, operations.CreateModel,
    operations.DeleteModel, operations.RemoveConstraint, operations.RemoveField, operations.RemoveIndex,
    operations.RenameField, operations.RenameIndex, operations.RenameModel,
)  # fmt: skip
LOCK = 0x5369676E616C


@contextmanager
def alone(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """Of two that migrate a database at once, the second waits: what follows on migrations is not made for two."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [LOCK])
        try:
            yield
        finally:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


def fill(connection: BaseDatabaseWrapper) -> bool:
    """Make every table where there is none; False, and nothing done, where the migrations must run one by one."""
    loader = MigrationLoader(connection)
    migrations = list(_in_order(loader))
    if loader.applied_migrations or not all(map(_is_known, _operations(migrations))):
        return False
    state = loader.project_state()
    with transaction.atomic(using=connection.alias):
        made = [model for model in state.apps.get_models() if _is_a_table(model)]
        if _are_there(connection, made):
            return False
        with connection.schema_editor() as editor:
            for model in made:
                editor.create_model(model)
        _add_the_rest(connection, migrations, state)
        _note(connection, migrations)
    return True


def _in_order(loader: MigrationLoader) -> Iterator[Migration]:
    """Every migration, after those it depends on."""
    seen: set[tuple[str, str]] = set()
    for leaf in loader.graph.leaf_nodes():
        for key in loader.graph.forwards_plan(leaf):
            if key not in seen:
                seen.add(key)
                yield loader.graph.nodes[key]


def _operations(migrations: list[Migration]) -> Iterator[Operation]:
    return (operation for migration in migrations for operation in migration.operations)


def _is_known(operation: Operation) -> bool:
    return isinstance(operation, (*IN_THE_STATE, operations.RunSQL, operations.RunPython))


def _is_a_table(model: type[models.Model]) -> bool:
    return model._meta.managed and not model._meta.proxy and not model._meta.swapped


def _are_there(connection: BaseDatabaseWrapper, made: list[type[models.Model]]) -> bool:
    with connection.cursor() as cursor:
        names = set(connection.introspection.table_names(cursor))
    return not names.isdisjoint(model._meta.db_table for model in made)


def _add_the_rest(
    connection: BaseDatabaseWrapper, migrations: list[Migration], state: ProjectState
) -> None:
    rest = (
        (migration.app_label, operation)
        for migration in migrations
        for operation in migration.operations
        if isinstance(operation, operations.RunSQL) and not operation.elidable
    )
    with connection.schema_editor() as editor:
        for label, operation in rest:
            operation.database_forwards(label, editor, state, state)


def _note(connection: BaseDatabaseWrapper, migrations: list[Migration]) -> None:
    recorder = MigrationRecorder(connection)
    recorder.ensure_schema()
    for migration in migrations:
        recorder.record_applied(migration.app_label, migration.name)
