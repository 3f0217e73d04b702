"""Where the data set's year lies on the program's clock."""

import datetime as dt
from zoneinfo import ZoneInfo

import msgspec

NEW_YORK = ZoneInfo("America/New_York")
WEEK = dt.timedelta(weeks=1)


def weeks_to_move(last_day: dt.date, as_of: dt.date) -> int:
    """Weeks forward that bring the last local day into the seven days before `as_of`; 0 where it lies there or later."""
    return max(0, (as_of - dt.timedelta(days=1) - last_day).days // 7)


class Timeline(msgspec.Struct, frozen=True):
    """Instants of the data set, moved by whole weeks; `last_day` is the data set's own last local day."""

    last_day: dt.date
    shift_weeks: int

    def moved(self, at: dt.datetime) -> dt.datetime:
        """An instant of the data set on the program's clock."""
        return at + WEEK * self.shift_weeks

    def midnight(self, day: dt.date) -> dt.datetime:
        """The start, in New York, of a day of the data set; date-only columns are New York days."""
        return start_of(day + WEEK * self.shift_weeks)

    @property
    def end(self) -> dt.datetime:
        """The end of the last local day: where the program's clock is anchored."""
        return self.midnight(self.last_day + dt.timedelta(days=1))

    @property
    def start(self) -> dt.datetime:
        """The start of the recorded year."""
        return self.midnight(dt.date(2017, 1, 1))

    def before_end(self, **span: float) -> dt.datetime:
        """The instant that lies the given span before the end."""
        return self.end - dt.timedelta(**span)


def start_of(local_day: dt.date) -> dt.datetime:
    """Midnight in New York, in UTC."""
    return dt.datetime.combine(local_day, dt.time(), NEW_YORK).astimezone(dt.UTC)


def local_day(at: dt.datetime) -> dt.date:
    """The day in New York."""
    return at.astimezone(NEW_YORK).date()


def months_later(at: dt.datetime, months: int) -> dt.datetime:
    """The same time of day that many months later, on the month's last day where the day does not exist."""
    year, month = divmod(at.year * 12 + at.month - 1 + months, 12)
    for day in range(at.day, 0, -1):
        try:
            return at.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    raise ValueError(f"no day {at.day} before the end of month {month + 1}")
