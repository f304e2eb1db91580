//! Names of network interfaces that stay with the card: which NIC is `eth0`, `eth1` …
//!
//! Known NICs keep their names, by the address burnt in. A NIC that is missing leaves its name unused. One
//! that is new in a missing one's place takes over its name; any other takes the next free number.

#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use sys::nic::Mac;

/// A bus place: `0000:00:03.0` for a PCI card, with `/1` for its second port where one function has
/// several, with the USB interface behind a controller (`0000:00:14.0/1-2:1.0`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place(String);

/// A NIC that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nic {
    /// What the kernel calls it now.
    pub name: String,
    /// Its burnt-in address.
    pub mac: Mac,
    /// Where it sits.
    pub place: Place,
}

/// A line of the file of names: `eth0 52:54:00:12:34:56 0000:00:03.0`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    number: u32,
    mac: Mac,
    place: Place,
}

/// Who is called what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Names {
    /// For each NIC that is there, in the order given, the name it is to have.
    pub present: Vec<String>,
    /// What to remember, in order of names, missing NICs included.
    pub records: Vec<Record>,
}

/// Names for the NICs that are there, given what is remembered. Of two records for one name the first
/// counts.
#[must_use]
pub fn names(remembered: &[Record], present: &[Nic]) -> Names {
    let mut records: Vec<Record> = Vec::new();
    for record in remembered {
        if records.iter().all(|known| known.number != record.number) {
            records.push(record.clone());
        }
    }
    let mut naming = Naming {
        of_record: vec![None; records.len()],
        of_nic: vec![None; present.len()],
        records,
        present,
    };
    // Two cards may bear one address: then each keeps its place.
    naming.assign(|record, nic| record.mac == nic.mac && record.place == nic.place);
    naming.assign(|record, nic| record.mac == nic.mac);
    naming.assign(|record, nic| record.place == nic.place);
    naming.add_the_new();
    naming.finish()
}

/// Records and NICs on their way to each other, by index.
struct Naming<'a> {
    records: Vec<Record>,
    present: &'a [Nic],
    of_record: Vec<Option<usize>>,
    of_nic: Vec<Option<usize>>,
}

impl Naming<'_> {
    /// Brings together what has nobody yet and fits.
    fn assign(&mut self, fits: impl Fn(&Record, &Nic) -> bool) {
        for (index, nic) in self.present.iter().enumerate() {
            if self.of_nic[index].is_some() {
                continue;
            }
            let free = |at: &usize| self.of_record[*at].is_none() && fits(&self.records[*at], nic);
            if let Some(at) = (0..self.records.len()).find(free) {
                self.of_record[at] = Some(index);
                self.of_nic[index] = Some(at);
            }
        }
    }

    /// Records for NICs that have none, in the order of their places.
    fn add_the_new(&mut self) {
        let mut new: Vec<usize> = (0..self.present.len())
            .filter(|index| self.of_nic[*index].is_none())
            .collect();
        new.sort_by_key(|index| self.present[*index].place.order());
        for index in new {
            let is_free = |number: &u32| self.records.iter().all(|one| one.number != *number);
            let number = (0..).find(is_free).unwrap_or(u32::MAX);
            self.of_nic[index] = Some(self.records.len());
            self.of_record.push(Some(index));
            let Nic { mac, place, .. } = self.present[index].clone();
            self.records.push(Record { number, mac, place });
        }
    }

    fn finish(mut self) -> Names {
        let mut present = Vec::new();
        for (nic, at) in self.present.iter().zip(&self.of_nic) {
            // Each has one by now.
            if let Some(record) = at.and_then(|at| self.records.get_mut(at)) {
                record.mac = nic.mac;
                record.place = nic.place.clone();
                present.push(record.name());
            }
        }
        self.records.sort_by_key(|record| record.number);
        Names {
            present,
            records: self.records,
        }
    }
}

impl Record {
    fn name(&self) -> String {
        format!("eth{}", self.number)
    }
}

impl fmt::Display for Record {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.mac;
        let place = &self.place.0;
        let name = self.name();
        write!(
            f,
            "{name} {a:02x}:{b:02x}:{c:02x}:{d:02x}:{e:02x}:{g:02x} {place}"
        )
    }
}

impl FromStr for Record {
    type Err = String;

    fn from_str(line: &str) -> Result<Self, String> {
        let wrong = || format!("{line:?}: a line is `eth0 52:54:00:12:34:56 0000:00:03.0`");
        let mut words = line.split_whitespace();
        let (Some(name), Some(mac), Some(place), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err(wrong());
        };
        let number = name.strip_prefix("eth").and_then(|n| n.parse().ok());
        Ok(Self {
            number: number.ok_or_else(wrong)?,
            mac: mac_of(mac).ok_or_else(wrong)?,
            place: Place(place.to_owned()),
        })
    }
}

/// `52:54:00:12:34:56`.
pub fn mac_of(text: &str) -> Option<Mac> {
    let mut mac = Mac::default();
    let mut bytes = text.split(':');
    for byte in &mut mac {
        *byte = u8::from_str_radix(bytes.next()?, 16).ok()?;
    }
    bytes.next().is_none().then_some(mac)
}

impl Place {
    /// From the directory of the device below `/sys/devices`, and the number of the port of that device.
    #[must_use]
    pub fn of(device: &str, port: u32) -> Self {
        let parts: Vec<&str> = device.split('/').filter(|part| !part.is_empty()).collect();
        let last = parts.last().copied().unwrap_or_default();
        let card = parts.iter().rev().find(|part| slot(part).is_some());
        let is_usb = last.contains('-') && last.contains(':');
        let place = match card {
            Some(card) if is_usb => format!("{card}/{last}"),
            Some(card) => (*card).to_owned(),
            None => last.to_owned(),
        };
        Self(if port == 0 {
            place
        } else {
            format!("{place}/{port}")
        })
    }

    /// PCI places by number, everything else behind them by text.
    fn order(&self) -> (bool, Option<[u32; 4]>, String) {
        let (card, behind) = self.0.split_once('/').unwrap_or((&self.0, ""));
        let slot = slot(card);
        let text = if slot.is_some() { behind } else { &self.0 };
        (slot.is_none(), slot, text.to_owned())
    }
}

/// Domain, bus, device and function of `0000:00:03.0`.
fn slot(text: &str) -> Option<[u32; 4]> {
    let mut parts = text.split([':', '.']);
    let mut slot = [0; 4];
    for (part, width) in slot.iter_mut().zip([4, 2, 2, 1]) {
        let digits = parts.next().filter(|digits| digits.len() >= width)?;
        *part = u32::from_str_radix(digits, 16).ok()?;
    }
    (parts.next().is_none() && text.contains('.')).then_some(slot)
}
