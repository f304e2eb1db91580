//! Reading and writing numbers in a frame, without panics.

/// The bytes at an offset.
#[inline]
pub fn get<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..)?.first_chunk().copied()
}

/// The 16-bit number at an offset.
#[inline]
pub fn get16(bytes: &[u8], at: usize) -> Option<u16> {
    get(bytes, at).map(u16::from_be_bytes)
}

/// Writes bytes at an offset.
#[inline]
pub fn put<const N: usize>(bytes: &mut [u8], at: usize, value: [u8; N]) -> Option<()> {
    *bytes.get_mut(at..)?.first_chunk_mut()? = value;
    Some(())
}

/// Changes the 16-bit number at an offset.
#[inline]
pub fn change16(bytes: &mut [u8], at: usize, change: impl FnOnce(u16) -> u16) -> Option<()> {
    let number = bytes.get_mut(at..)?.first_chunk_mut()?;
    *number = change(u16::from_be_bytes(*number)).to_be_bytes();
    Some(())
}

/// The bytes in front of `end`, or all there are: of a long frame that may be its head alone.
pub fn upto(bytes: &[u8], end: usize) -> &[u8] {
    bytes.get(..end).unwrap_or(bytes)
}
