//! Reading and writing codebooks: little-endian fields, each checked where it is read, and a checksum over all.

use crate::Error;

/// Numbers that share a width when packed.
const PACK: usize = 16;

/// Most bits of a packed number, its sign among them.
pub(crate) const WIDEST: u32 = 15;

/// Bits that a number needs, its sign among them; none for zero.
fn width_of(number: i16) -> u32 {
    match number {
        0 => 0,
        1.. => 17 - number.leading_zeros(),
        ..0 => 17 - number.leading_ones(),
    }
}

/// Appends fields to a blob.
pub(crate) struct Writer(Vec<u8>);

impl Writer {
    pub(crate) fn new(magic: [u8; 4], version: u32) -> Self {
        let mut writer = Self(magic.to_vec());
        writer.u32(version);
        writer
    }

    pub(crate) fn u32(&mut self, value: u32) {
        self.0.extend(value.to_le_bytes());
    }

    pub(crate) fn f32s(&mut self, values: &[f32]) {
        self.0.extend(values.iter().flat_map(|v| v.to_le_bytes()));
    }

    /// Whole numbers of up to `WIDEST` bits, in blocks of `PACK`: four bits say how many each number of the block takes, its
    /// sign among them.
    pub(crate) fn packed(&mut self, numbers: &[i16]) {
        let (mut bits, mut pending) = (0u64, 0);
        let mut put = |value: u64, width: u32| {
            bits |= value << pending;
            pending += width;
            while pending >= 8 {
                self.0.push(bits as u8);
                bits >>= 8;
                pending -= 8;
            }
        };
        for block in numbers.chunks(PACK) {
            let width = block.iter().map(|n| width_of(*n)).max().unwrap_or(0);
            put(u64::from(width), 4);
            for number in block {
                put(*number as u64 & ((1 << width) - 1), width);
            }
        }
        put(0, 7);
    }

    /// The blob, closed by the CRC-32 of everything before it.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let checksum = crate::checksum(&self.0);
        self.u32(checksum);
        self.0
    }
}

/// Takes fields off a blob whose checksum has been verified. Running out of bytes is an error, never a panic.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn open(blob: &'a [u8], magic: [u8; 4], version: u32) -> Result<Self, Error> {
        let (body, checksum) = blob.split_last_chunk::<4>().ok_or(Error::Codebook)?;
        let intact = crate::checksum(body) == u32::from_le_bytes(*checksum);
        let mut reader = Self(body);
        let known = reader.take(4)? == magic && reader.u32()? == version;
        if intact && known { Ok(reader) } else { Err(Error::Codebook) }
    }

    fn take(&mut self, bytes: usize) -> Result<&'a [u8], Error> {
        let (head, tail) = self.0.split_at_checked(bytes).ok_or(Error::Codebook)?;
        self.0 = tail;
        Ok(head)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        let field = self.take(4)?.first_chunk::<4>().ok_or(Error::Codebook)?;
        Ok(u32::from_le_bytes(*field))
    }

    /// A number that must lie in `range`.
    pub(crate) fn number(&mut self, range: std::ops::RangeInclusive<usize>) -> Result<usize, Error> {
        let value = usize::try_from(self.u32()?).map_err(|_| Error::Codebook)?;
        if range.contains(&value) { Ok(value) } else { Err(Error::Codebook) }
    }

    /// `count` finite floats. The bytes must be there before anything is allocated.
    pub(crate) fn f32s(&mut self, count: usize) -> Result<Vec<f32>, Error> {
        let bytes = self.take(count.checked_mul(4).ok_or(Error::Codebook)?)?;
        let values: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        if values.iter().all(|v| v.is_finite()) { Ok(values) } else { Err(Error::Codebook) }
    }

    /// `count` numbers that `Writer::packed` wrote.
    pub(crate) fn packed(&mut self, count: usize) -> Result<Vec<i16>, Error> {
        // Even a block of zeros takes half a byte, so a count that the bytes cannot hold allocates nothing.
        if count.div_ceil(PACK).div_ceil(2) > self.0.len() {
            return Err(Error::Codebook);
        }
        let (mut bits, mut pending, mut bytes) = (0u64, 0, self.0.iter());
        let mut get = |width: u32| {
            while pending < width {
                bits |= u64::from(*bytes.next().ok_or(Error::Codebook)?) << pending;
                pending += 8;
            }
            let value = bits & ((1 << width) - 1);
            bits >>= width;
            pending -= width;
            Ok(value)
        };
        let mut numbers = Vec::with_capacity(count);
        while numbers.len() < count {
            let width = get(4)? as u32;
            for _ in 0..PACK.min(count - numbers.len()) {
                let unused = 64 - width;
                // Shifting up and down again repeats the sign.
                numbers.push(if width == 0 { 0 } else { ((get(width)? << unused) as i64 >> unused) as i16 });
            }
        }
        let rest = bytes.len();
        self.0 = &self.0[self.0.len() - rest..];
        Ok(numbers)
    }

    /// Nothing may follow the last field.
    pub(crate) fn close(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Codebook) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const MAGIC: [u8; 4] = *b"TEST";

    proptest! {
        #[test]
        fn packed_numbers_come_back_and_what_follows_them_too(
            numbers in prop::collection::vec(prop_oneof![Just(0), -3i16..4, -16_383i16..16_384], 0..100),
            after in any::<u32>(),
        ) {
            let mut writer = Writer::new(MAGIC, 1);
            writer.packed(&numbers);
            writer.u32(after);
            let blob = writer.finish();
            let mut reader = Reader::open(&blob, MAGIC, 1).unwrap();
            prop_assert_eq!(reader.packed(numbers.len()).unwrap(), numbers);
            prop_assert_eq!(reader.u32().unwrap(), after);
            prop_assert!(reader.close().is_ok());
        }
    }

    #[test]
    fn more_packed_numbers_than_there_are_bytes_is_an_error() {
        let mut writer = Writer::new(MAGIC, 1);
        writer.packed(&[0; 32]);
        let blob = writer.finish();
        for count in [49, 1 << 40, usize::MAX] {
            let mut reader = Reader::open(&blob, MAGIC, 1).unwrap();
            assert_eq!(reader.packed(count), Err(Error::Codebook));
        }
    }
}
