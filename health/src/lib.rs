//! The health-check engine: schedule, rise and fall, quorum, verdicts.
