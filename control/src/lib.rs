//! The configuration model and the records that daemons and operator exchange.
