//! How long a server asks to wait: `RateLimit` and `Retry-After`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::header::HeaderMap;

/// How long the headers of a 429 or 503 ask to wait, if they do.
///
/// `RateLimit: "api";r=0;t=55` counts where nothing is left (`r=0`); `Retry-After` holds seconds or
/// a date. A second is added, as `huggingface_hub` adds one, because both are rounded.
pub(crate) fn asked_wait(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = |name: &str| headers.get(name)?.to_str().ok();
    let limit = text("ratelimit").and_then(rate_limit);
    let after = || text("retry-after").and_then(|value| retry_after(value, now));
    Some(limit.or_else(after)?.saturating_add(Duration::from_secs(1)))
}

/// `"api";r=0;t=55`: the seconds until requests are allowed again, if none is left now.
fn rate_limit(value: &str) -> Option<Duration> {
    let field = |name: &str| {
        let mut fields = value.split([';', ',']).map(str::trim);
        fields.find_map(|field| {
            let (key, number) = field.split_once('=')?;
            (key.trim() == name).then(|| number.trim().parse::<u64>().ok())?
        })
    };
    (field("r")? == 0).then(|| field("t").map(Duration::from_secs))?
}

/// Seconds, or a date such as `Wed, 21 Oct 2026 07:28:00 GMT`.
fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let then = UNIX_EPOCH.checked_add(Duration::from_secs(http_date(value)?))?;
    Some(then.duration_since(now).unwrap_or_default())
}

/// Seconds since 1970 of RFC 9110's IMF-fixdate.
fn http_date(value: &str) -> Option<u64> {
    const MONTHS: [&str; 12] = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ];
    let (_, date) = value.split_once(", ")?;
    let [day, month, year, time, "GMT"] = date.split(' ').collect::<Vec<_>>()[..] else {
        return None;
    };
    let [hour, minute, second] = time.split(':').collect::<Vec<_>>()[..] else {
        return None;
    };
    let number =
        |text: &str, limit: u64| text.parse::<u64>().ok().filter(|number| *number <= limit);
    let month = MONTHS.iter().position(|name| *name == month)? as u64 + 1;
    let days = days(number(year, 9999)?, month, number(day, 31)?)?;
    let seconds = number(hour, 23)? * 3600 + number(minute, 59)? * 60 + number(second, 60)?;
    Some(days * 86_400 + seconds)
}

/// Days since 1970 in the Gregorian calendar, with years that begin in March.
fn days(year: u64, month: u64, day: u64) -> Option<u64> {
    let year = if month < 3 {
        year.checked_sub(1)?
    } else {
        year
    };
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day.checked_sub(1)?;
    let all = 365 * year + year / 4 - year / 100 + year / 400 + of_year;
    all.checked_sub(719_468)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(name: &'static str, value: &str) -> Option<u64> {
        let headers = [(name.parse().unwrap(), value.parse().unwrap())];
        // Wed, 21 Oct 2015 07:28:00 GMT
        let now = UNIX_EPOCH + Duration::from_secs(1_445_412_480);
        let wait = asked_wait(&headers.into_iter().collect(), now)?;
        Some(wait.as_secs())
    }

    #[test]
    fn a_rate_limit_counts_where_nothing_is_left() {
        assert_eq!(asked("ratelimit", "\"api\";r=0;t=55"), Some(56));
        assert_eq!(asked("ratelimit", "\"api\"; r = 0 ; t = 55"), Some(56));
        assert_eq!(asked("ratelimit", "\"api\";r=3;t=55"), None);
        assert_eq!(asked("ratelimit", "\"api\";r=0"), None);
        assert_eq!(asked("ratelimit", "nonsense"), None);
    }

    #[test]
    fn retry_after_holds_seconds_or_a_date() {
        assert_eq!(asked("retry-after", "120"), Some(121));
        assert_eq!(
            asked("retry-after", "Wed, 21 Oct 2015 07:29:30 GMT"),
            Some(91)
        );
        assert_eq!(
            asked("retry-after", "Wed, 21 Oct 2015 07:00:00 GMT"),
            Some(1)
        );
        assert_eq!(asked("retry-after", "18446744073709551615"), Some(u64::MAX));
        for value in [
            "-1",
            "soon",
            "Wed, 41 Oct 2015 07:29:30 GMT",
            "Wed, 0 Jan 0 0:0:0 GMT",
        ] {
            assert_eq!(asked("retry-after", value), None, "{value}");
        }
    }

    #[test]
    fn dates_are_those_of_the_calendar() {
        assert_eq!(http_date("Thu, 01 Jan 1970 00:00:00 GMT"), Some(0));
        assert_eq!(
            http_date("Tue, 29 Feb 2000 12:00:00 GMT"),
            Some(951_825_600)
        );
        assert_eq!(
            http_date("Fri, 31 Dec 2038 23:59:59 GMT"),
            Some(2_177_452_799)
        );
    }
}
