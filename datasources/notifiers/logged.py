"""Messages told to the log and sent to nobody: for a demo, and until a mail server is set."""

import structlog

from datasources.notifying import Notification
from datasources.profiles import Channel

log = structlog.get_logger()


class LoggedNotifier:
    """Serves `datasources.notifying.Notifier`: says what would have been sent, neither to whom nor with which token."""

    def __init__(self) -> None:
        self.channels = frozenset((Channel.EMAIL, Channel.SMS))

    async def send(self, notification: Notification) -> None:
        """See Notifier."""
        log.info(
            "notification.logged",
            id=str(notification.id),
            template=notification.template.value,
            channel=notification.channel.value,
        )
