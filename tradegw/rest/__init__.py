"""The door to ask at: HTTP requests in, calls of the rooms behind, JSON answers out.

A request passes ``connection`` (limits and deadlines of one socket), ``request`` (the body is kept
within bounds), ``tree`` (key, route, arguments) and one function of a resource module (``orders``,
``positions``, ...), which talks to the interfaces of :mod:`tradegw.interfaces` alone. Errors become
answers in ``problems``. ``openapi`` describes the same routes to people and programs.
"""
