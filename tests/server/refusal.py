"""An answer that is an error, raised where it is found."""


class Refusal(Exception):
    def __init__(self, status, reason, headers=None, **more):
        super().__init__(reason)
        self.status = status
        self.headers = headers or {}
        self.body = {"reason": reason}
        self.body.update(more)
