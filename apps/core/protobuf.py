"""Messages of a protocol described in a few words instead of in a .proto, built when they are first asked for.

A field is "name number type". Before the type: * is repeated, % a map from texts, ? one of a choice. A type that
is none of protobuf's own is a message of the same package.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

Field = descriptor_pb2.FieldDescriptorProto

TYPES = {
    "bool": Field.TYPE_BOOL,
    "int32": Field.TYPE_INT32,
    "int64": Field.TYPE_INT64,
    "uint32": Field.TYPE_UINT32,
    "uint64": Field.TYPE_UINT64,
    "float": Field.TYPE_FLOAT,
    "double": Field.TYPE_DOUBLE,
    "string": Field.TYPE_STRING,
    "bytes": Field.TYPE_BYTES,
}


class Messages:
    """The messages of one package: fields by the message's name, with a dot for one inside another."""

    def __init__(self, package: str, described: Mapping[str, str]) -> None:
        self.package = package
        self.described = described

    def __call__(self, name: str) -> Any:
        """The class of one message."""
        return message_factory.GetMessageClass(
            self._pool.FindMessageTypeByName(f"{self.package}.{name}")
        )

    @cached_property
    def _pool(self) -> descriptor_pool.DescriptorPool:
        # A pool of its own: a client's generated classes in the same process do not collide with it.
        pool = descriptor_pool.DescriptorPool()
        pool.Add(self._file())
        return pool

    def _file(self) -> descriptor_pb2.FileDescriptorProto:
        file = descriptor_pb2.FileDescriptorProto(
            name=f"{self.package}.proto", package=self.package, syntax="proto3"
        )
        made: dict[str, descriptor_pb2.DescriptorProto] = {}
        for path, fields in self.described.items():
            outer, _, name = path.rpartition(".")
            holder = made[outer].nested_type if outer else file.message_type
            made[path] = holder.add(name=name)
            self._fill(made[path], fields, path)
        return file

    def _fill(self, message: descriptor_pb2.DescriptorProto, fields: str, path: str) -> None:
        for text in filter(None, fields.split(", ")):
            name, number, kind = text.split()
            field = message.field.add(name=name, number=int(number), label=Field.LABEL_OPTIONAL)
            mark, plain = (kind[0], kind[1:]) if kind[0] in "*%?" else ("", kind)
            if mark in {"*", "%"}:
                field.label = Field.LABEL_REPEATED
            if mark == "%":
                plain = self._map(message, name, plain, path)
            if mark == "?":
                _choice(message, field)
            self._typed(field, plain)

    def _map(self, message: descriptor_pb2.DescriptorProto, name: str, kind: str, path: str) -> str:
        entry = "".join(part.title() for part in name.split("_")) + "Entry"
        nested = message.nested_type.add(name=entry)
        nested.options.map_entry = True
        self._fill(nested, f"key 1 string, value 2 {kind}", f"{path}.{entry}")
        return f"{path}.{entry}"

    def _typed(self, field: descriptor_pb2.FieldDescriptorProto, kind: str) -> None:
        if kind in TYPES:
            field.type = TYPES[kind]
            return
        field.type = Field.TYPE_MESSAGE
        field.type_name = f".{self.package}.{kind}"


def _choice(
    message: descriptor_pb2.DescriptorProto, field: descriptor_pb2.FieldDescriptorProto
) -> None:
    if not message.oneof_decl:
        message.oneof_decl.add(name="choice")
    field.oneof_index = 0
