"""Configuration files: reading, checking, importing and exporting. See `providers.configfile`."""
