//! What an operator wants of the whole box: the orderly stop, and then something that only process 1 can do.

use serde::Deserialize;

use crate::place::Place;

/// What process 1 is to do when the supervisor has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// Start the box again.
    Reboot,
    /// Switch it off.
    PowerOff,
    /// Erase what is configured, then start the box again.
    FactoryReset,
}

impl Wish {
    /// The exit status that tells process 1.
    pub const fn status(self) -> u8 {
        match self {
            Self::Reboot => 64,
            Self::PowerOff => 65,
            Self::FactoryReset => 66,
        }
    }

    /// For the log.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Reboot => "a reboot",
            Self::PowerOff => "power off",
            Self::FactoryReset => "a factory reset",
        }
    }

    /// Whether it can be had here; else why not.
    ///
    /// # Errors
    /// Where process 1 is not the one who waits for the supervisor's exit status.
    pub fn may_be(self, place: Place) -> Result<Self, String> {
        match place {
            Place::Appliance => Ok(self),
            Place::Host => Err(format!(
                "{} is the appliance's: this supervisor was not started by process 1",
                self.words()
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_wish_has_the_status_that_init_knows() {
        for (name, status) in [("reboot", 64), ("power_off", 65), ("factory_reset", 66)] {
            let wish: Wish = serde_json::from_str(&format!("{name:?}")).expect("a wish");
            assert_eq!(wish.status(), status, "{name}");
        }
        assert!(serde_json::from_str::<Wish>(r#""halt""#).is_err());
    }

    #[test]
    fn a_wish_is_the_appliances_alone() {
        assert_eq!(Wish::Reboot.may_be(Place::Appliance), Ok(Wish::Reboot));
        let refused = Wish::PowerOff.may_be(Place::Host).expect_err("a host");
        assert!(refused.starts_with("power off is the appliance's: "));
    }
}
