//! Reading and writing codebooks: little-endian fields, each checked where it is read, and a checksum over all.

use crate::Error;

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

    /// Floats as half floats; rounded, unless they are such already.
    pub(crate) fn f16s(&mut self, values: &[f32]) {
        self.0.extend(crate::to_float16(values));
    }

    /// The blob, closed by the CRC-32 of everything before it.
    pub(crate) fn finish(mut self) -> Vec<u8> {
        let checksum = crc32fast::hash(&self.0);
        self.u32(checksum);
        self.0
    }
}

/// Takes fields off a blob whose checksum has been verified. Running out of bytes is an error, never a panic.
pub(crate) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn open(blob: &'a [u8], magic: [u8; 4], version: u32) -> Result<Self, Error> {
        let (body, checksum) = blob.split_last_chunk::<4>().ok_or(Error::Codebook)?;
        let intact = crc32fast::hash(body) == u32::from_le_bytes(*checksum);
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

    /// `count` finite half floats.
    pub(crate) fn f16s(&mut self, count: usize) -> Result<Vec<f32>, Error> {
        let values = crate::from_float16(self.take(count.checked_mul(2).ok_or(Error::Codebook)?)?)?;
        if values.iter().all(|v| v.is_finite()) { Ok(values) } else { Err(Error::Codebook) }
    }

    /// Nothing may follow the last field.
    pub(crate) fn close(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Codebook) }
    }
}
