//! GRUB's environment block: which slot is started next, and how many tries it has.
//!
//! GRUB takes the first slot of `order` that is ok or has tries left, and a slot that is not ok costs a try
//! each time. Who runs long enough marks its slot ok; who is stopped in order before that gives its try back.

/// The length of the block: GRUB takes no other.
pub const SIZE: usize = 1024;

/// So many times a slot that is not ok yet is started.
const TRIES: u32 = 3;

const SIGNATURE: &str = "# GRUB Environment Block\n";

/// The variables of a block, in its order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GrubEnv {
    variables: Vec<(String, String)>,
}

impl GrubEnv {
    /// Reads a block; `None` for one that is torn or none.
    #[must_use]
    pub fn parse(block: &[u8]) -> Option<Self> {
        let block = str::from_utf8(block).ok().filter(|all| all.len() == SIZE)?;
        let text = block.strip_prefix(SIGNATURE)?.trim_end_matches('#');
        let mut variables = Vec::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let (name, value) = line.split_once('=')?;
            variables.push((name.to_owned(), value.to_owned()));
        }
        let env = Self { variables };
        env.get("order").is_some().then_some(env)
    }

    /// For a box whose blocks are both torn, and that runs from `slot`.
    #[must_use]
    pub fn fresh(slot: Slot) -> Self {
        let other = slot.other();
        let mut env = Self::default();
        env.set("order", format!("{} {}", slot.letter(), other.letter()));
        env.set(&slot.variable("ok"), "1");
        env.set(&other.variable("ok"), "0");
        env.set(&slot.variable("tries"), TRIES.to_string());
        env.set(&other.variable("tries"), TRIES.to_string());
        env
    }

    /// The block; `None` when the variables do not fit.
    #[must_use]
    pub fn block(&self) -> Option<[u8; SIZE]> {
        let mut text = SIGNATURE.to_owned();
        for (name, value) in &self.variables {
            text.push_str(&format!("{name}={value}\n"));
        }
        let mut block = [b'#'; SIZE];
        block
            .get_mut(..text.len())?
            .copy_from_slice(text.as_bytes());
        Some(block)
    }

    /// The running slot is good, and will be started again.
    pub fn mark_ok(&mut self, slot: Slot) {
        self.set(&slot.variable("ok"), "1");
        self.set(&slot.variable("tries"), TRIES.to_string());
    }

    /// The running slot has neither failed nor proved itself: what its start cost is given back.
    pub fn give_back(&mut self, slot: Slot) {
        if self.get(&slot.variable("ok")) == Some("1") {
            return;
        }
        let name = slot.variable("tries");
        let tries = self.get(&name).and_then(|tries| tries.parse().ok());
        let tries = tries.unwrap_or(0_u32).saturating_add(1).min(TRIES);
        self.set(&name, tries.to_string());
    }

    /// A variable's value.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        let found = self.variables.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn set(&mut self, name: &str, value: impl Into<String>) {
        let value = value.into();
        match self.variables.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.variables.push((name.to_owned(), value)),
        }
    }
}

/// Where a system lies on the boot partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slot {
    /// In its directory `a`.
    A,
    /// In its directory `b`.
    B,
}

impl Slot {
    /// `a` or `b`, as GRUB says on the command line.
    #[must_use]
    pub fn parse(letter: &str) -> Option<Self> {
        [Self::A, Self::B]
            .into_iter()
            .find(|slot| slot.letter() == letter)
    }

    /// `a` or `b`.
    #[must_use]
    pub const fn letter(self) -> &'static str {
        match self {
            Self::A => "a",
            Self::B => "b",
        }
    }

    const fn other(self) -> Self {
        match self {
            Self::A => Self::B,
            Self::B => Self::A,
        }
    }

    fn variable(self, what: &str) -> String {
        format!("{}_{what}", self.letter())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(variables: &str) -> Vec<u8> {
        let mut block = format!("{SIGNATURE}{variables}").into_bytes();
        block.resize(SIZE, b'#');
        block
    }

    fn env(variables: &str) -> GrubEnv {
        GrubEnv::parse(&block(variables)).expect("a block")
    }

    const TRIED: &str = "order=b a\na_ok=1\na_tries=3\nb_ok=0\nb_tries=2\nother=as it was\n";

    #[test]
    fn a_slot_that_proved_itself_is_ok_and_the_rest_stays() {
        let mut env = env(TRIED);
        env.mark_ok(Slot::B);
        let marked = "order=b a\na_ok=1\na_tries=3\nb_ok=1\nb_tries=3\nother=as it was\n";
        assert_eq!(env.block().expect("fits").as_slice(), block(marked));
    }

    #[test]
    fn a_slot_that_is_stopped_in_order_has_its_try_back() {
        let mut env = env(TRIED);
        env.give_back(Slot::B);
        assert_eq!(env.get("b_tries"), Some("3"));
        assert_eq!(env.get("b_ok"), Some("0"));
        env.give_back(Slot::B);
        assert_eq!(env.get("b_tries"), Some("3"), "more than it ever had");
    }

    #[test]
    fn a_slot_that_is_ok_costs_nothing_and_gets_nothing_back() {
        let mut env = env("order=a b\na_ok=1\na_tries=1\n");
        env.give_back(Slot::A);
        assert_eq!(env.get("a_tries"), Some("1"));
    }

    #[test]
    fn a_block_without_numbers_is_given_some() {
        let mut env = env("order=a b\n");
        env.give_back(Slot::A);
        assert_eq!(env.get("a_tries"), Some("1"));
        env.mark_ok(Slot::A);
        assert_eq!(env.get("a_ok"), Some("1"));
    }

    #[test]
    fn what_grub_writes_is_read_and_written_the_same() {
        let bytes = block("order=a b\na_ok=1\nb_ok=0\na_tries=3\nb_tries=3\n");
        let env = GrubEnv::parse(&bytes).expect("a block");
        assert_eq!(env.block().expect("fits").as_slice(), bytes);
        let commented = block("# WARNING: Do not edit\norder=a b\n");
        assert!(GrubEnv::parse(&commented).is_some());
    }

    #[test]
    fn a_torn_block_is_none() {
        let whole = block(TRIED);
        let mut zeroed = whole.clone();
        zeroed[..512].fill(0);
        let mut half = whole.clone();
        half[60..].fill(b'x');
        for torn in [
            &[][..],
            &whole[..512],
            &zeroed,
            &half,
            &block(""),
            &block("a_ok=1\n"),
            &[b'#'; SIZE],
            &[&whole[..], b"#"].concat(),
        ] {
            assert_eq!(GrubEnv::parse(torn), None);
        }
    }

    #[test]
    fn a_fresh_block_starts_the_slot_that_runs_and_tries_the_other_one() {
        let fresh = GrubEnv::fresh(Slot::B).block().expect("fits");
        let expected = block("order=b a\nb_ok=1\na_ok=0\nb_tries=3\na_tries=3\n");
        assert_eq!(fresh.as_slice(), expected);
        assert!(GrubEnv::parse(&fresh).is_some());
    }

    #[test]
    fn variables_that_do_not_fit_are_not_written() {
        let mut env = env(TRIED);
        env.set("long", "x".repeat(SIZE));
        assert_eq!(env.block(), None);
    }

    #[test]
    fn a_slot_is_a_or_b() {
        assert_eq!(Slot::parse("a"), Some(Slot::A));
        assert_eq!(Slot::parse("b"), Some(Slot::B));
        for other in ["", "c", "A", "ab"] {
            assert_eq!(Slot::parse(other), None);
        }
    }
}
