"""The rules of the trade, one module per concept. Imports no web framework and no paper."""
