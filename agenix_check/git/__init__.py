"""Every Git call: snapshots, changes, history, staging, and what is remembered."""
