"""The program in SQL."""

import msgspec
from sqlalchemy import String, bindparam, select

from datasources.errors import NotConfigured
from datasources.program import Program, ProgramSettings
from datasources.registry import Domain
from datasources.sql.engine import Database, Prepared
from datasources.sql.tables.program import actors, program


class SqlProgram:
    """Serves `datasources.program.ProgramReader`. The program stands beside the profiles, and with them."""

    domain = Domain.PROFILES

    def __init__(self, database: Database) -> None:
        self._database, self.source = database, database.name
        by_key = select(program.c.settings).where(program.c.key == bindparam("key", type_=String()))
        self._settings = Prepared(by_key, lambda settings: settings, database.dialect)
        everyone = select(actors.c.kind, actors.c.actor_id, actors.c.name)
        self._actors = Prepared(everyone, lambda *values: values, database.dialect)

    async def program(self) -> Program:
        """See ProgramReader."""
        found = await self._database.fetch(self._settings, {"key": "program"})
        if not found:
            raise NotConfigured(self._database.name, "loading the program's settings")
        ((settings,),) = found
        directory = await self._database.fetch(self._actors, {})
        names = {(kind, actor): name for ((kind, actor, name),) in directory}
        return Program(msgspec.convert(settings, ProgramSettings, strict=False), names)
