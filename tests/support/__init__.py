"""What tests stand on: processes of the hub, database servers, a browser."""
