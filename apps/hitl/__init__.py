"""People who decide: policies, approvals, and undoing what agents did."""
