"""The program of a folder: `program.json`, or the one that the database has."""

import datetime as dt

import msgspec
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from datasources.importing.report import ImportBroken
from datasources.importing.sheet import Sheet
from datasources.program import ProgramSettings
from datasources.sql.tables.program import actors, program

from .folder import Folder
from .problems import Problem, Problems

KEY = "program"


class Actor(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Someone who acts in the program: kind (STAFF, SERVICE or SYSTEM), id and name."""

    kind: str
    id: str
    name: str


class ProgramFile(ProgramSettings, frozen=True, forbid_unknown_fields=True):
    """The settings, with who acts in the program."""

    actors: tuple[Actor, ...] = ()


async def settled_program(
    connection: AsyncConnection, folder: Folder, sheet: Sheet, problems: Problems
) -> ProgramSettings | None:
    """The settings that rows are held against; those of the file are added to the sheet where none are there yet.

    None where the file is bad. Raises ImportBroken where there are no settings at all.
    """
    stored = (await connection.execute(select(program.c.settings).where(program.c.key == KEY))).scalar()
    there = None if stored is None else msgspec.convert(stored, ProgramSettings, strict=False)
    if folder.program is None:
        if there is None:
            raise ImportBroken("the database holds no program yet: the folder needs a program.json")
        return there
    try:
        told = msgspec.json.decode(folder.program.read_bytes(), type=ProgramFile)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        reason, _, where = str(error).partition(" - at ")
        problems.add(Problem(folder.program.name, 1, where.strip("`"), reason[0].lower() + reason[1:]))
        return None
    settings = msgspec.convert(
        {name: getattr(told, name) for name in ProgramSettings.__struct_fields__}, ProgramSettings
    )
    if there is None:
        sheet.add(program, key=KEY, settings=settings, updated_at=dt.datetime.now(dt.UTC))
        await _add_actors(connection, told, sheet)
    elif there != settings:
        problems.add(Problem(folder.program.name, 1, "", "differs from the program that the database holds"))
    return settings


async def _add_actors(connection: AsyncConnection, told: ProgramFile, sheet: Sheet) -> None:
    if not (await connection.execute(select(func.count()).select_from(actors))).scalar_one():
        for actor in told.actors:
            sheet.add(actors, kind=actor.kind, actor_id=actor.id, name=actor.name)
