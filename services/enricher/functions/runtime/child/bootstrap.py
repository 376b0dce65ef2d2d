"""Runs a Lambda handler in Python. Gets one event after another from the Runtime API and posts the handler's result or
error, with the messages of AWS's own runtime. Needs only the standard library of Python 3.9 or later."""

import decimal
import http.client
import importlib
import json
import logging
import os
import socket
import sys
import time
import traceback

API = "/2018-06-01/runtime"
# The descriptor that is connected to the Runtime API; also in api-link.ts. No other process has the connection.
CONNECTION = 4
# The most bytes of an answer that are sent. The Runtime API refuses more than 6 MB, and closes the connection at 128 MB.
MAX_SENT = 8 << 20


class Fault(Exception):
    """An error of the function that is not an exception from its own code."""

    def __init__(self, kind, message, trace=()):
        super().__init__(message)
        self.kind = f"Runtime.{kind}"
        self.trace = list(trace)


class RuntimeApi:
    def __init__(self):
        self.connection = http.client.HTTPConnection("localhost")
        self.connection.sock = socket.socket(fileno=CONNECTION)
        self.connection.sock.set_inheritable(False)
        # There is no second connection.
        self.connection.auto_open = 0

    def next(self):
        self.connection.request("GET", f"{API}/invocation/next")
        response = self.connection.getresponse()
        body = response.read()
        if response.status != 200:
            raise RuntimeError(f"The Runtime API answered {response.status}: {body[:1000]!r}")
        return response.headers, body

    def post(self, path, body, error_type=None):
        headers = {"Content-Type": "application/json"}
        if error_type is not None:
            headers["Lambda-Runtime-Function-Error-Type"] = error_type.encode("ascii", "replace").decode()
        self.connection.request("POST", f"{API}{path}", body, headers)
        self.connection.getresponse().read()


class Fields:
    """An object with these attributes; None for keys that the source does not have."""

    def __init__(self, names, source):
        for name, key in names.items():
            setattr(self, name, source.get(key))

    def __repr__(self):
        return f"{type(self).__name__}({vars(self)})"


class CognitoIdentity(Fields):
    pass


class Client(Fields):
    pass


class ClientContext(Fields):
    pass


class LambdaContext:
    def __init__(self, headers):
        self.aws_request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        self.invoked_function_arn = headers["Lambda-Runtime-Invoked-Function-Arn"]
        self.function_name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME")
        self.function_version = os.environ.get("AWS_LAMBDA_FUNCTION_VERSION")
        self.memory_limit_in_mb = os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        self.log_group_name = os.environ.get("AWS_LAMBDA_LOG_GROUP_NAME")
        self.log_stream_name = os.environ.get("AWS_LAMBDA_LOG_STREAM_NAME")
        self.tenant_id = None
        self.client_context = client_context_of(headers.get("Lambda-Runtime-Client-Context"))
        identity = json.loads(headers.get("Lambda-Runtime-Cognito-Identity") or "{}")
        self.identity = CognitoIdentity(IDENTITY, identity)
        self._deadline_ms = int(headers["Lambda-Runtime-Deadline-Ms"])

    def get_remaining_time_in_millis(self):
        return max(0, self._deadline_ms - int(time.time() * 1000))

    def log(self, message):
        sys.stdout.write(str(message))

    def __repr__(self):
        return f"LambdaContext({vars(self)})"


IDENTITY = {"cognito_identity_id": "cognitoIdentityId", "cognito_identity_pool_id": "cognitoIdentityPoolId"}
CLIENT = ["installation_id", "app_title", "app_version_name", "app_version_code", "app_package_name"]


def client_context_of(text):
    if not text:
        return None
    source = json.loads(text)
    context = ClientContext({name: name for name in ("custom", "env", "client")}, source)
    if context.client is not None:
        context.client = Client({name: name for name in CLIENT}, context.client)
    return context


class Encoder(json.JSONEncoder):
    def default(self, o):
        if isinstance(o, decimal.Decimal):
            return int(o) if o.is_finite() and o == o.to_integral_value() else float(o)
        return super().default(o)


class RequestIds(logging.Filter):
    """Puts the id of the request into every log record."""

    request_id = ""

    def filter(self, record):
        record.aws_request_id = self.request_id
        return True


class Output(logging.Handler):
    """Prints log records. Looks up sys.stdout each time, because the program may have replaced it."""

    def emit(self, record):
        try:
            sys.stdout.write(self.format(record))
        except Exception:
            self.handleError(record)


def set_up_logging():
    sys.stdout.reconfigure(line_buffering=True, errors="backslashreplace")
    sys.stderr.reconfigure(line_buffering=True, errors="backslashreplace")
    logging.Formatter.converter = time.gmtime
    ids = RequestIds()
    output = Output()
    output.setFormatter(logging.Formatter(
        "[%(levelname)s]\t%(asctime)s.%(msecs)03dZ\t%(aws_request_id)s\t%(message)s\n", "%Y-%m-%dT%H:%M:%S"))
    output.addFilter(ids)
    logging.getLogger().addHandler(output)
    return ids


def load(handler):
    module_name, dot, name = handler.rpartition(".")
    if not dot:
        raise Fault("MalformedHandlerName", f"Bad handler '{handler}': not enough values to unpack (expected 2, got 1)")
    if module_name.split(".")[0] in sys.builtin_module_names:
        raise Fault("BuiltInModuleConflict", f"Cannot use built-in module {module_name} as a handler module")
    try:
        module = importlib.import_module(module_name.replace("/", "."))
    except ImportError as error:
        raise Fault("ImportModuleError", f"Unable to import module '{module_name}': {error}") from error
    except SyntaxError as error:
        trace = [f'  File "{error.filename}" Line {error.lineno}\n    {error.text}']
        raise Fault("UserCodeSyntaxError", f"Syntax error in module '{module_name}': {error}", trace) from error
    if not hasattr(module, name):
        raise Fault("HandlerNotFound", f"Handler '{name}' missing on module '{module_name}'")
    return getattr(module, name)


def error_of(error, request_id=""):
    """Returns AWS's error object for an exception, as a dictionary."""
    if isinstance(error, Fault):
        kind, trace = error.kind, error.trace
    else:
        frames = traceback.extract_tb(error.__traceback__)
        while frames and frames[0].filename == __file__:
            frames.pop(0)
        kind, trace = type(error).__name__, traceback.format_list(frames)
    return {"errorMessage": text_of(error), "errorType": kind, "requestId": request_id, "stackTrace": trace}


def text_of(error):
    try:
        return str(error)
    except Exception:
        return ""


def log_error(error):
    """Writes one log entry; line breaks within it become carriage returns."""
    lines = [f"[ERROR] {error['errorType']}: {error['errorMessage']}", "Traceback (most recent call last):"]
    for entry in error["stackTrace"]:
        for line in entry.splitlines():
            text = line.lstrip(" ")
            lines.append("\u00a0" * (len(line) - len(text)) + text)
    print("\r".join(lines).replace("\n", "\r"), flush=True)


def answer_to(handler, headers, body):
    try:
        event = json.loads(body)
    except Exception as error:
        raise Fault("UnmarshalError", f"Unable to unmarshal input: {error}") from error
    answer = handler(event, LambdaContext(headers))
    if isinstance(answer, bytes):
        return answer
    try:
        return Encoder().encode(answer).encode()
    except Exception as error:
        raise Fault("MarshalError", f"Unable to marshal response: {error}") from error


def serve(api, handler, ids):
    while True:
        headers, body = api.next()
        request_id = headers["Lambda-Runtime-Aws-Request-Id"]
        ids.request_id = request_id
        os.environ["_X_AMZN_TRACE_ID"] = headers.get("Lambda-Runtime-Trace-Id", "")
        try:
            answer = answer_to(handler, headers, body)
        except Exception as raised:
            error = error_of(raised, request_id)
            log_error(error)
            sys.stdout.flush()
            api.post(f"/invocation/{request_id}/error", json.dumps(error), error["errorType"])
        else:
            sys.stdout.flush()
            api.post(f"/invocation/{request_id}/response", answer[:MAX_SENT])


def main():
    api = RuntimeApi()
    # Import modules from the function's folder, not from this file's folder.
    sys.path[0] = os.environ["LAMBDA_TASK_ROOT"]
    ids = set_up_logging()
    try:
        handler = load(os.environ["_HANDLER"])
    except Exception as raised:
        error = error_of(raised)
        log_error(error)
        api.post("/init/error", json.dumps(error), error["errorType"])
        sys.exit(1)
    try:
        serve(api, handler, ids)
    except (ConnectionError, http.client.HTTPException):
        # The service has exited.
        sys.exit(0)


if __name__ == "__main__":
    main()
