"""When and where: cadence, last samples, worker threads and helper processes; errors become snapshots."""
