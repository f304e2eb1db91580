//! The VRRP engine: virtual router, election, timers.
