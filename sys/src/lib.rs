//! Descriptors, SCM_RIGHTS, memfd and seals, spawn, readiness, the descriptor store, clocks.
