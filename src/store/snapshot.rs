//! Snapshots for backups.
