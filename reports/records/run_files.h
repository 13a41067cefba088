#pragma once
// The files that lie in a run directory, or in a qualification's, beside the folders of cases.

#include <array>

namespace isoframe::reports::records {

inline constexpr const char* kSuiteFile = "suite.json";
inline constexpr const char* kRunFile = "run.json";
inline constexpr const char* kMarkdownFile = "report.md";
inline constexpr const char* kHtmlFile = "report.html";
inline constexpr const char* kJunitFile = "junit.xml";
inline constexpr const char* kTraceFile = "trace.json";
inline constexpr const char* kCertificateFile = "certificate.json";
inline constexpr const char* kCertificateMarkdownFile = "certificate.md";

/// All of them: no case can have such a name.
inline constexpr std::array kRunFiles = {kSuiteFile, kRunFile,   kMarkdownFile,    kHtmlFile,
                                         kJunitFile, kTraceFile, kCertificateFile, kCertificateMarkdownFile};

}  // namespace isoframe::reports::records
