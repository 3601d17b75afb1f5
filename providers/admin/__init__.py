"""The admin of credentials and model maps."""

from providers.admin.credentials import CredentialAdmin
from providers.admin.model_maps import ModelMapAdmin

__all__ = ["CredentialAdmin", "ModelMapAdmin"]
