"""Questions put to the records: sums and percentiles over time, and pages of calls."""
