#pragma once
// The certificate of `isoframe qualify`, for people.

#include <string>

#include "reports/records/certificate_record.h"

namespace isoframe::reports {

/// Tables, reasons and verdict for a terminal.
std::string certificate_text(const records::Certificate& certificate);

/// certificate.md: a document of its own, with the machine that it is about.
std::string certificate_markdown(const records::Certificate& certificate);

}  // namespace isoframe::reports
