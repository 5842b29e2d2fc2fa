// SPDX-License-Identifier: Apache-2.0
let placeholderMulticastTests = 0
