"""XML-RPC over HTTP and HTTPS, each call within one limit of time and size, and its failures sorted by what to do."""
