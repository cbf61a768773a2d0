//! Why a JPEG can't be decoded.

/// Why a JPEG can't be decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum JpegError {
    /// The bytes do not begin as a JPEG's do.
    #[error("not a JPEG: the bytes do not begin with FF D8; check the file's format")]
    NotJpeg,
    /// The frame header names a width or height of 0.
    #[error("the picture is {width}x{height}: it has no pixels; leave it out")]
    NoPixels {
        /// The width in pixels.
        width: u32,
        /// The height in pixels.
        height: u32,
    },
    /// The picture is beyond one of the [`Limits`](crate::Limits).
    #[error(
        "the picture's {limit} is {value}, more than the limit of {most}; \
         make the picture smaller, or raise Limits::{field} if you trust it",
        field = limit.field()
    )]
    LimitExceeded {
        /// Which limit.
        limit: Limit,
        /// What the picture has.
        value: u64,
        /// What is allowed.
        most: u64,
    },
    /// A variant of JPEG that this crate doesn't decode.
    #[error("JPEG: {0}; convert the picture to PNG or to an ordinary JPEG")]
    Unsupported(#[from] Unsupported),
    /// The bytes break the rules of ITU-T T.81.
    #[error("broken JPEG picture: {0}; download or export it again")]
    Corrupt(#[from] Corruption),
}

/// One of the [`Limits`](crate::Limits).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// [`Limits::max_width`](crate::Limits::max_width).
    #[error("width")]
    Width,
    /// [`Limits::max_height`](crate::Limits::max_height).
    #[error("height")]
    Height,
    /// [`Limits::max_pixels`](crate::Limits::max_pixels).
    #[error("number of pixels")]
    Pixels,
    /// [`Limits::max_memory`](crate::Limits::max_memory).
    #[error("decoded size in bytes")]
    Memory,
}

impl Limit {
    /// The name of its field of [`Limits`](crate::Limits).
    pub fn field(self) -> &'static str {
        match self {
            Self::Width => "max_width",
            Self::Height => "max_height",
            Self::Pixels => "max_pixels",
            Self::Memory => "max_memory",
        }
    }
}

/// What a file has that this crate doesn't decode.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unsupported {
    /// Lossless, hierarchical or arithmetic coding.
    #[error("lossless, hierarchical or arithmetic coding (marker {marker:02X})")]
    Coding {
        /// The second byte of the frame's marker.
        marker: u8,
    },
    /// Samples of another size than 8 bits.
    #[error("{bits} bits in a sample")]
    Precision {
        /// How many bits.
        bits: u8,
    },
    /// Another number of components than 1, 3 or 4.
    #[error("{count} colour channels")]
    Components {
        /// How many.
        count: u8,
    },
    /// Sampling factors that do not divide the largest ones.
    #[error("sampling factors {horizontal}x{vertical} beside {most_horizontal}x{most_vertical}")]
    SamplingFactors {
        /// The component's horizontal factor.
        horizontal: u8,
        /// The component's vertical factor.
        vertical: u8,
        /// The largest horizontal factor.
        most_horizontal: u8,
        /// The largest vertical factor.
        most_vertical: u8,
    },
}

/// How a file breaks the rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Corruption {
    /// It ends too early, or promises more blocks than its bytes have bits.
    #[error("the file is cut off before its end")]
    CutOff,
    /// There is no scan before its end.
    #[error("it has no pixels")]
    NoScan,
    /// A scan begins before the frame header.
    #[error("its pixels begin before its size is told")]
    ScanBeforeFrame,
    /// It ends before the frame header.
    #[error("it ends before its size is told")]
    NoFrame,
    /// There are two frame headers.
    #[error("it has two frame headers")]
    TwoFrames,
    /// A segment has a length that doesn't even cover the length itself.
    #[error("a segment has the length {length}")]
    SegmentLength {
        /// What the segment says.
        length: u16,
    },
    /// A segment is shorter than what it must hold.
    #[error("{0} is too short")]
    TooShort(Segment),
    /// A component's sampling factors or number of its quantisation table are out of range.
    #[error(
        "channel {id} has sampling factors {horizontal}x{vertical} and quantisation table {table}"
    )]
    Component {
        /// The component's identifier.
        id: u8,
        /// Its horizontal sampling factor.
        horizontal: u8,
        /// Its vertical sampling factor.
        vertical: u8,
        /// The number of its quantisation table.
        table: u8,
    },
    /// An MCU has too many blocks.
    #[error("{blocks} blocks in a minimum coded unit; at most 10 may be")]
    BlocksOfMcu {
        /// How many.
        blocks: u8,
    },
    /// The number of a quantisation table is beyond 3.
    #[error("quantisation table {number}")]
    QuantisationTable {
        /// The number.
        number: u8,
    },
    /// The number of a Huffman table is beyond 3.
    #[error("Huffman table {number}")]
    HuffmanTable {
        /// The number.
        number: u8,
    },
    /// A Huffman table is neither for DC nor for AC coefficients.
    #[error("a Huffman table of class {class}")]
    HuffmanClass {
        /// The class, 0 or 1 in a good file.
        class: u8,
    },
    /// A Huffman table has more codes than their lengths allow.
    #[error("a Huffman table has more codes than fit")]
    TooManyCodes,
    /// A scan needs a quantisation table that was not defined.
    #[error("a quantisation table is missing")]
    NoQuantisationTable,
    /// A scan needs a Huffman table that was not defined.
    #[error("a Huffman table is missing")]
    NoHuffmanTable,
    /// A component was in no scan, or its quantisation table was not defined.
    #[error("a colour channel has no scan or no table")]
    NoScanOfComponent,
    /// A scan names no component, or more than there are.
    #[error("a scan of {count} colour channels")]
    ScanComponents {
        /// How many it names.
        count: u8,
    },
    /// A scan names a component that the frame header doesn't have.
    #[error("a scan of the unknown channel {id}")]
    UnknownComponent {
        /// The component's identifier.
        id: u8,
    },
    /// A scan names a component twice.
    #[error("a scan names a colour channel twice")]
    RepeatedComponent,
    /// A progressive scan has a selection of coefficients or bits that may not be.
    #[error("a progressive scan of the coefficients {first} to {last}, bits {high} to {low}")]
    ProgressiveScan {
        /// The first coefficient (`Ss`).
        first: u8,
        /// The last coefficient (`Se`).
        last: u8,
        /// The bit that earlier scans came to (`Ah`).
        high: u8,
        /// The bit that this scan comes to (`Al`).
        low: u8,
    },
    /// There are too many scans.
    #[error("it has more than {most} scans")]
    TooManyScans {
        /// How many there may be.
        most: u16,
    },
    /// A restart interval ends without its marker.
    #[error("a restart marker is missing")]
    NoRestart,
    /// Bits that no code of the Huffman table begins with.
    #[error("a code that its Huffman table doesn't have")]
    UnknownCode,
    /// The difference of a DC coefficient has too many bits.
    #[error("a difference of {bits} bits")]
    Difference {
        /// How many bits.
        bits: u8,
    },
    /// A coefficient of a refinement scan grows by more than one bit.
    #[error("a coefficient that grows by {bits} bits")]
    Refinement {
        /// How many bits.
        bits: u8,
    },
}

/// A part of a file that may be too short.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Segment {
    /// `SOF`.
    #[error("its frame header")]
    FrameHeader,
    /// `SOS`.
    #[error("a scan header")]
    ScanHeader,
    /// `DQT`.
    #[error("a quantisation table")]
    QuantisationTable,
    /// `DHT`.
    #[error("a Huffman table")]
    HuffmanTable,
    /// `DRI`.
    #[error("its restart interval")]
    RestartInterval,
}
